//! Maps and charts without a browser, from the commands.

use crate::program::{Home, arg};

/// The last hours of the made-up day.
fn home() -> Home {
    let home = Home::new();
    let day = home.path("day");
    home.ok(&[
        "generate",
        "--end",
        "2026-03-01T12:00:00Z",
        "--lines",
        "40000",
        "--out",
        arg(&day),
    ]);
    let pattern = day.join("*/access.log");
    home.ok(&["import", arg(&pattern)]);
    home
}

#[test]
fn maps_and_charts_come_out_as_svg_and_png() {
    let home = home();
    let rows: [(&[&str], &str); 6] = [
        (&["map"], "Spain"),
        (&["map", "--from", "1h", "--metric", "change"], "Germany"),
        (&["map", "--place", "es", "--theme", "light"], "Madrid"),
        (
            &["chart", "errors_over_time", "--size", "800x400"],
            "Requests, errors and error rate",
        ),
        (&["chart", "top_paths", "--column", "k"], "/checkout"),
        (&["chart", "hour_by_weekday"], "Mon"),
    ];
    for (args, expected) in rows {
        for (extension, start) in [("svg", &b"<svg"[..]), ("png", &b"\x89PNG"[..])] {
            let out = home.path(&format!("picture.{extension}"));
            let mut all = args.to_vec();
            all.extend(["--out", arg(&out)]);
            home.ok(&all);
            let picture = std::fs::read(&out).unwrap();
            assert!(picture.starts_with(start), "{args:?} as {extension}");
            if extension == "svg" {
                let text = String::from_utf8(picture).unwrap();
                assert!(text.contains(expected), "{args:?} does not say {expected}");
            }
        }
    }
}

#[test]
fn the_terminal_shows_the_world_and_a_country_in_words_too() {
    let home = home();
    let world = home.ok(&["map"]);
    let worst = world
        .lines()
        .skip_while(|line| !line.starts_with("Worst first"))
        .nth(1)
        .unwrap();
    assert!(worst.ends_with("Spain"), "{world}");
    assert!(
        !world.contains('\u{1b}'),
        "colours where there is no terminal"
    );
    let hour = home.ok(&["map", "--from", "1h"]);
    let worst = hour
        .lines()
        .skip_while(|line| !line.starts_with("Worst first"))
        .nth(1)
        .unwrap();
    assert!(worst.ends_with("Germany"), "{hour}");
    assert!(home.ok(&["map", "--place", "ES"]).contains("Madrid"));
}

#[test]
fn what_cannot_be_drawn_is_said_before_anything_is_written() {
    let home = home();
    let rows: [(&[&str], &str); 5] = [
        (&["map", "--out", "map.jpeg"], ".svg or .png"),
        (
            &["map", "--size", "big", "--out", "map.png"],
            "write 1200x675",
        ),
        (
            &["map", "--size", "10x10", "--out", "map.png"],
            "200 to 8000",
        ),
        (&["map", "--place", "XX"], "no outlines"),
        (
            &[
                "chart",
                "top_paths",
                "--column",
                "nothing",
                "--out",
                "c.svg",
            ],
            "k, n, rate",
        ),
    ];
    for (args, expected) in rows {
        let (code, error) = home.fails(args);
        assert!(code == 2 && error.contains(expected), "{args:?}: {error}");
    }
    assert!(!home.path("map.png").exists());
}
