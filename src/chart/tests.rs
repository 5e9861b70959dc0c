//! Laws of all pictures: they are well-formed, nothing is cut or covered, hostile text does no harm.

use super::canvas::{Align, Canvas, Mark, text_width};
use super::*;
use crate::shapes::Rect;

const WORLD: [(&str, i64, i64); 8] = [
    ("ES", 5_000, 900),
    ("DE", 8_000, 120),
    ("US", 20_000, 30),
    ("CN", 700, 0),
    ("BR", 90, 4),
    ("SG", 1_200, 11),
    ("RU", 2_500, 90),
    ("GP", 300, 2),
];

fn cells(rows: &[(&str, i64, i64)]) -> Vec<Cell> {
    let cell = |(id, n, k): &(&str, i64, i64)| {
        let rate = *k as f64 / *n as f64;
        Cell {
            id: (!id.is_empty()).then(|| (*id).to_owned()),
            n: *n,
            k: *k,
            rate: Some(rate),
            shrunk: Some((*k as f64 + 200.0 * 0.03) / (*n as f64 + 200.0)),
            lo: Some(rate * 0.8),
            hi: Some(rate * 1.2),
            change: Some(rate - 0.03),
            significant: *n > 1_000,
        }
    };
    rows.iter().map(cell).collect()
}

fn world() -> Vec<Cell> {
    let unknown = [("", 400, 3)];
    cells(&[&WORLD[..], &unknown].concat())
}

fn bubbles() -> Vec<Bubble> {
    let cities = [
        ("Berlin", 52.5, 13.4, 140),
        ("Potsdam", 52.4, 13.06, 90),
        ("Munich", 48.1, 11.6, 410),
        ("Nowhere", f64::NAN, 0.0, 7),
        ("South", -91.0, 0.0, 7),
    ];
    let bubble = |(name, lat, lon, k): (&str, f64, f64, i64)| Bubble {
        lat,
        lon,
        name: name.to_owned(),
        n: 10 * k,
        k,
    };
    cities.map(bubble).to_vec()
}

fn map<'a>(cells: &'a [Cell], bubbles: &'a [Bubble]) -> MapPicture<'a> {
    MapPicture {
        title: "Error rate by country",
        subtitle: "2026-11-22 20:00 – 2026-11-23 20:00 UTC",
        place: None,
        metric: Metric::Rate,
        cells,
        bubbles,
        attribution: "IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0 · Natural Earth, public domain",
        theme: Theme::Dark,
        size: (960, 540),
    }
}

fn chart(plot: Plot<'_>) -> ChartPicture<'_> {
    ChartPicture {
        title: "Errors",
        subtitle: "a day, UTC",
        unit: Unit::Percent,
        plot,
        attribution: "",
        theme: Theme::Light,
        size: (960, 400),
    }
}

fn series(name: &str, n: i64) -> Series {
    let point = |idx: i64| (idx * 60_000_000, (idx % 17) as f64 / 400.0);
    Series {
        name: name.to_owned(),
        points: (0..n).map(point).collect(),
    }
}

fn week() -> Week {
    let mut week = [[Some(0.004); 24]; 7];
    week[2][5] = None;
    week[4][13] = Some(0.07);
    week
}

/// Every text in full view, and no text on another.
#[track_caller]
fn check_texts(canvas: &Canvas) {
    let mut boxes: Vec<(Rect, &str)> = Vec::new();
    for mark in &canvas.marks {
        let points: Vec<_> = match mark {
            Mark::Area { rings, .. } => rings.iter().flatten().collect(),
            Mark::Line { points, .. } => points.iter().collect(),
            Mark::Text {
                text,
                at: (x, y),
                ink,
            } => {
                let width = text_width(text, *ink);
                let x = match ink.align {
                    Align::Left => *x,
                    Align::Middle => x - width / 2.0,
                    Align::Right => x - width,
                };
                let at = Rect {
                    x,
                    y: y - 0.75 * ink.em,
                    width,
                    height: 0.95 * ink.em,
                };
                let is_whole = at.x >= 0.0
                    && at.right() <= canvas.width
                    && at.y >= 0.0
                    && at.bottom() <= canvas.height;
                assert!(is_whole, "{text:?} leaves the picture: {at:?}");
                for (other, covered) in &boxes {
                    let apart = at.x >= other.right()
                        || other.x >= at.right()
                        || at.y >= other.bottom()
                        || other.y >= at.bottom();
                    assert!(apart, "{text:?} covers {covered:?}");
                }
                boxes.push((at, text));
                Vec::new()
            }
        };
        assert!(points.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
    }
}

#[track_caller]
fn check_map(picture: &MapPicture<'_>) {
    let canvas = Canvas::new(picture.size, picture.theme).unwrap();
    check_texts(&map::draw(picture, canvas).unwrap());
    check_xml(&svg(picture));
}

#[track_caller]
fn check_chart(picture: &ChartPicture<'_>) {
    let canvas = Canvas::new(picture.size, picture.theme).unwrap();
    check_texts(&plot::draw(picture, canvas).unwrap());
    check_xml(&String::from_utf8(draw_chart(picture, Output::Svg).unwrap()).unwrap());
}

fn svg(picture: &MapPicture<'_>) -> String {
    String::from_utf8(draw_map(picture, Output::Svg).unwrap()).unwrap()
}

/// Tags nest, values are quoted, and nothing but the five entities follows an ampersand.
#[track_caller]
fn check_xml(document: &str) {
    let mut open: Vec<&str> = Vec::new();
    for (idx, piece) in document.split('<').enumerate().skip(1) {
        let (tag, text) = piece
            .split_once('>')
            .unwrap_or_else(|| panic!("piece {idx} is no tag"));
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!text.contains('>'), "{text}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split_whitespace().next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let entities = ["amp;", "lt;", "gt;", "quot;", "apos;"];
    for rest in document.split('&').skip(1) {
        assert!(entities.iter().any(|entity| rest.starts_with(entity)));
    }
    let is_forbidden = |c: char| (c.is_control() && c != '\n') || c == '\u{ffff}';
    assert!(!document.contains(is_forbidden));
}

const SIZES: [(u32, u32); 7] = [
    (960, 540),
    (1920, 1080),
    (600, 1000),
    (400, 300),
    (200, 200),
    (2000, 300),
    (300, 900),
];

#[test]
fn maps_of_all_sizes_are_whole() {
    let (cells, bubbles) = (world(), bubbles());
    for size in SIZES {
        for metric in [Metric::Rate, Metric::Count, Metric::Change] {
            for theme in [Theme::Dark, Theme::Light] {
                check_map(&MapPicture {
                    size,
                    metric,
                    theme,
                    ..map(&cells, &bubbles)
                });
            }
        }
    }
}

#[test]
fn countries_of_all_kinds_are_drawn() {
    let bubbles = bubbles();
    // With far parts, across the 180th meridian, tiny, without regions, without an outline.
    for place in [
        "DE", "ES", "US", "FR", "RU", "NZ", "FJ", "SG", "VA", "GI", "GP", "TV", "AQ",
    ] {
        check_map(&MapPicture {
            place: Some(place),
            ..map(&[], &bubbles)
        });
    }
    let regions = cells(&[
        ("DE-BY", 4_000, 90),
        ("DE-BE", 900, 70),
        ("DE-HB", 20, 3),
        ("DE-XX", 900, 9),
        ("", 50, 1),
    ]);
    for size in SIZES {
        check_map(&MapPicture {
            place: Some("DE"),
            size,
            ..map(&regions, &bubbles)
        });
    }
    let nowhere = draw_map(
        &MapPicture {
            place: Some("XX"),
            ..map(&[], &[])
        },
        Output::Svg,
    );
    assert_eq!(
        nowhere.unwrap_err().to_string(),
        "no outlines for the place `XX`"
    );
}

#[test]
fn a_map_says_what_its_colours_mean() {
    let (cells, bubbles) = (world(), bubbles());
    let document = svg(&map(&cells, &bubbles)).replace('\u{202f}', " ");
    for words in [
        "Error rate by country",
        "2026-11-22 20:00 – 2026-11-23 20:00 UTC",
        "Errors / requests",
        "0.5 %",
        "under 200 requests: too few to say",
        "no requests",
        "city, area by errors",
        "unknown place: 400 requests, 0.75 % failed",
        "CC BY 4.0",
        "Spain",
        "900 of 5 000 · 14–22 %",
    ] {
        assert!(document.contains(words), "{words}");
    }
    let document = svg(&MapPicture {
        metric: Metric::Change,
        ..map(&cells, &bubbles)
    });
    assert!(document.contains("pale: within chance") && document.contains("+0.5"));
}

#[test]
fn nothing_is_said_to_be_nothing() {
    assert!(svg(&map(&[], &[])).contains(EMPTY));
    let week: Week = [[None; 24]; 7];
    for plot in [Plot::Line(&[]), Plot::Bar(&[]), Plot::Heat(&week)] {
        let picture = chart(plot);
        check_chart(&picture);
        let document = draw_chart(&picture, Output::Svg).unwrap();
        assert!(String::from_utf8(document).unwrap().contains(EMPTY));
    }
    let all = terminal_map(None, &[], Metric::Rate, 80, 30, false).unwrap();
    assert!(all.contains(EMPTY));
}

#[test]
fn charts_of_all_sizes_are_whole() {
    let lines: Vec<Series> = (0..15)
        .map(|idx| series(&format!("/path/{idx}"), 1_440))
        .collect();
    let bar = |idx: i32| Bar {
        label: format!("/a/rather/long/path/to/somewhere/{idx}"),
        value: f64::from(idx - 3) / 10.0,
    };
    let bars: Vec<Bar> = (0..40).map(bar).collect();
    let week = week();
    for size in SIZES {
        for unit in [Unit::Percent, Unit::Number] {
            for plot in [
                Plot::Line(&lines),
                Plot::Line(&lines[..2]),
                Plot::Bar(&bars),
                Plot::Bar(&bars[..3]),
                Plot::Heat(&week),
            ] {
                check_chart(&ChartPicture {
                    size,
                    unit,
                    ..chart(plot)
                });
            }
        }
    }
}

#[test]
fn odd_numbers_draw_no_odd_pictures() {
    let points = |points: &[(i64, f64)]| {
        vec![Series {
            name: "odd".to_owned(),
            points: points.to_vec(),
        }]
    };
    for odd in [
        points(&[(0, f64::NAN), (1, f64::INFINITY)]),
        points(&[(0, 1.0)]),
        points(&[(0, 1.0), (0, 2.0)]),
        points(&[(i64::MIN, 1e300), (i64::MAX, -1e300)]),
        points(&[(5, 0.0), (1, 0.0), (3, f64::NAN), (4, 0.0)]),
    ] {
        check_chart(&chart(Plot::Line(&odd)));
    }
    let bars = [f64::NAN, f64::NEG_INFINITY, 0.0].map(|value| Bar {
        label: String::new(),
        value,
    });
    check_chart(&chart(Plot::Bar(&bars)));
    let odd = Cell {
        id: Some("FR".to_owned()),
        n: 5,
        k: i64::MAX,
        shrunk: Some(f64::NAN),
        lo: Some(f64::NAN),
        ..Cell::default()
    };
    check_map(&map(&[odd], &[]));
}

#[test]
fn a_gap_breaks_the_line() {
    let mut line = series("gap", 100);
    line.points
        .retain(|(us, _)| !(30..50).contains(&(us / 60_000_000)));
    let picture = chart(Plot::Line(std::slice::from_ref(&line)));
    let canvas = Canvas::new(picture.size, picture.theme).unwrap();
    let canvas = plot::draw(&picture, canvas).unwrap();
    let thick = |mark: &&Mark| matches!(mark, Mark::Line { width, .. } if *width > 1.0);
    assert_eq!(canvas.marks.iter().filter(thick).count(), 2);
}

#[test]
fn hostile_text_stays_text() {
    let hostile = "\"><script>alert('x')</script>&amp;\u{1b}[2J\u{202e}\u{ffff}\n]]>";
    let cells = [Cell {
        id: Some(hostile.to_owned()),
        ..world()[0].clone()
    }];
    let bubbles = [Bubble {
        lat: 51.0,
        lon: 10.0,
        name: hostile.to_owned(),
        n: 9,
        k: 9,
    }];
    for place in [None, Some("DE")] {
        let picture = MapPicture {
            title: hostile,
            subtitle: hostile,
            attribution: hostile,
            place,
            ..map(&cells, &bubbles)
        };
        check_map(&picture);
        assert!(!svg(&picture).contains("<script"));
    }
    let lines = [series(hostile, 9), series(&"x".repeat(10_000), 9)];
    check_chart(&ChartPicture {
        title: hostile,
        ..chart(Plot::Line(&lines))
    });
    let bars = [Bar {
        label: hostile.to_owned(),
        value: 1.0,
    }];
    check_chart(&chart(Plot::Bar(&bars)));
    let text = terminal_map(None, &cells, Metric::Rate, 80, 30, false).unwrap();
    assert!(!text.contains('\u{1b}') && text.contains("\\x1b[2J"));
}

#[test]
fn a_png_is_what_it_says() {
    let cells = world();
    let picture = MapPicture {
        size: (300, 200),
        ..map(&cells, &[])
    };
    let file = draw_map(&picture, Output::Png).unwrap();
    assert!(file.starts_with(b"\x89PNG\r\n\x1a\n"));
    assert_eq!(file[16..24], [0, 0, 1, 44, 0, 0, 0, 200]);
    let length = u32::from_be_bytes(file[33..37].try_into().unwrap()) as usize;
    assert_eq!(file[37..41], *b"IDAT");
    let mut rows = Vec::new();
    let mut unpacked = flate2::read::ZlibDecoder::new(&file[41..41 + length]);
    std::io::Read::read_to_end(&mut unpacked, &mut rows).unwrap();
    assert_eq!(rows.len(), 200 * (1 + 3 * 300));
    // The corner is background, and there is more than background.
    assert_eq!(rows[..4], [2, 0x11, 0x1a, 0x29]);
    assert!(
        rows.chunks(901)
            .skip(1)
            .any(|row| row[1..].iter().any(|byte| *byte != 0))
    );
    assert_eq!(
        draw_map(&picture, Output::Png).unwrap(),
        file,
        "the same rows, the same picture"
    );
}

#[test]
fn sizes_and_names_are_checked() {
    for size in [(199, 500), (500, 8_001), (0, 0), (u32::MAX, 500)] {
        let error = draw_map(
            &MapPicture {
                size,
                ..map(&[], &[])
            },
            Output::Png,
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("each side must have 200 to 8000"),
            "{error}"
        );
    }
    for (name, expected) in [
        ("map.svg", Some(Output::Svg)),
        ("a/b.PNG", Some(Output::Png)),
        ("map.jpg", None),
        ("svg", None),
        ("", None),
    ] {
        assert_eq!(Output::of(Path::new(name)).ok(), expected, "{name}");
    }
}

#[test]
fn terminal_maps_keep_to_their_width() {
    let cells = world();
    for (columns, rows) in [(0, 0), (40, 10), (80, 24), (200, 60), (u16::MAX, u16::MAX)] {
        for metric in [Metric::Rate, Metric::Count, Metric::Change] {
            let text = terminal_map(None, &cells, metric, columns, rows, false).unwrap();
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(
                widest <= Some(usize::from(columns.clamp(72, 400))),
                "{text}"
            );
            let coloured = terminal_map(None, &cells, metric, columns, rows, true).unwrap();
            assert_eq!(coloured.lines().count(), text.lines().count());
            assert!(
                coloured
                    .lines()
                    .all(|line| !line.contains('\u{1b}') || line.contains("\u{1b}[0m"))
            );
        }
    }
}

#[test]
fn a_terminal_map_can_be_read_without_colour() {
    let text = terminal_map(None, &world(), Metric::Rate, 72, 27, false).unwrap();
    assert_eq!(text, include_str!("terminal.golden"));
}
