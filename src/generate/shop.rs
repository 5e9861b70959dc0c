//! The web servers' access log, in nginx's combined format.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::{Moment, pick, story};

const WORDS: &[&str] = &[
    "lamp", "kettle", "desk", "chair", "tent", "boots", "rope", "mug", "globe", "compass",
];
const SECTIONS: &[&str] = &["garden", "kitchen", "office", "outdoor", "light"];

/// Kinds of requests.
#[derive(Clone, Copy)]
enum Page {
    Home,
    Section,
    Product,
    Search,
    Cart,
    Checkout,
    Pay,
    Stock,
    Asset,
    Login,
    Gone,
}

const PAGES: &[(u32, Page)] = &[
    (14, Page::Home),
    (12, Page::Section),
    (24, Page::Product),
    (9, Page::Search),
    (6, Page::Cart),
    (6, Page::Checkout),
    (4, Page::Pay),
    (7, Page::Stock),
    (13, Page::Asset),
    (3, Page::Login),
    (2, Page::Gone),
];

const AGENTS: &[(u32, &str)] = &[
    (
        22,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    ),
    (
        10,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    ),
    (
        20,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    ),
    (
        22,
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    ),
    (
        8,
        "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    ),
    (
        8,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    ),
    (
        5,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    ),
    (3, "ShopApp/4.2 (iPhone; iOS 17.5)"),
    (2, "curl/8.5.0"),
];
const CRAWLER: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
const PROBES: &[&str] = &[
    "/wp-login.php",
    "/.env",
    "/.git/config",
    "/phpmyadmin/index.php",
    "/admin/config.php",
    "/boaform/admin/formLogin",
];

pub(super) fn line(moment: &Moment<'_>, random: &mut ChaCha8Rng) -> String {
    match random.random_range(0..1000) {
        0..8 => probe(moment, random),
        8 => hello(moment, random),
        9..24 => crawl(moment, random),
        24..27 => health(moment),
        _ => visit(moment, random),
    }
}

fn visit(moment: &Moment<'_>, random: &mut ChaCha8Rng) -> String {
    let network = moment.networks.visitor(moment.us, random);
    let page = *pick(random, PAGES);
    let (method, path) = request(page, random);
    let mut share = story::failing(network, &path, moment.us, moment.end_us);
    // The host that is busy with its backup fails most of what fails.
    if story::is_maintenance(moment.us, moment.end_us) && network.country == "DE" {
        share *= if moment.host == "web-2" { 1.6 } else { 0.4 };
    }
    let status = match random.random_bool(share.min(1.0)) {
        true => *pick(random, &[(5, 503), (4, 504), (3, 502), (2, 500)]),
        false => healthy(page, random),
    };
    let bytes = match status {
        304 | 204 => 0,
        301 | 302 => 154,
        400.. => random.random_range(150..600),
        _ => random.random_range(400..60_000),
    };
    let referer = match random.random_range(0..10) {
        0..6 => "https://shop.example/",
        6 => "https://search.example/",
        _ => "-",
    };
    let agent = pick(random, AGENTS);
    let ip = network.address(random);
    access(
        moment.us,
        &ip.to_string(),
        &format!("{method} {path} HTTP/2.0"),
        status,
        bytes,
        referer,
        agent,
    )
}

fn request(page: Page, random: &mut ChaCha8Rng) -> (&'static str, String) {
    let word = WORDS[random.random_range(0..WORDS.len())];
    let section = SECTIONS[random.random_range(0..SECTIONS.len())];
    let number = random.random_range(100..400);
    match page {
        Page::Home => ("GET", "/".into()),
        Page::Section => ("GET", format!("/section/{section}")),
        Page::Product => ("GET", format!("/product/{number}")),
        Page::Search => ("GET", format!("/search?q={word}&page={}", number % 4)),
        Page::Cart => ("POST", "/cart".into()),
        Page::Checkout => ("POST", "/checkout".into()),
        Page::Pay => ("POST", "/api/pay".into()),
        Page::Stock => ("GET", format!("/api/stock/{number}")),
        Page::Asset => ("GET", format!("/assets/{word}.webp")),
        Page::Login => ("POST", "/login".into()),
        Page::Gone => ("GET", format!("/old/{word}")),
    }
}

fn healthy(page: Page, random: &mut ChaCha8Rng) -> u16 {
    match page {
        Page::Gone => 404,
        Page::Asset => *pick(random, &[(6, 200), (4, 304)]),
        Page::Login => *pick(random, &[(7, 302), (3, 401)]),
        Page::Checkout => *pick(random, &[(9, 302), (1, 422)]),
        _ => *pick(random, &[(96, 200), (2, 301), (1, 404), (1, 403)]),
    }
}

fn crawl(moment: &Moment<'_>, random: &mut ChaCha8Rng) -> String {
    let network = pick(random, &moment.networks.crawlers);
    let (_, path) = request(Page::Product, random);
    let ip = network.address(random);
    access(
        moment.us,
        &ip.to_string(),
        &format!("GET {path} HTTP/1.1"),
        200,
        8192,
        "-",
        CRAWLER,
    )
}

fn probe(moment: &Moment<'_>, random: &mut ChaCha8Rng) -> String {
    let network = pick(random, &moment.networks.scanners);
    let path = PROBES[random.random_range(0..PROBES.len())];
    let ip = network.address(random);
    access(
        moment.us,
        &ip.to_string(),
        &format!("GET {path} HTTP/1.1"),
        404,
        162,
        "-",
        "-",
    )
}

/// The load balancer asks from inside, from an address that has no place.
fn health(moment: &Moment<'_>) -> String {
    access(
        moment.us,
        "10.0.0.5",
        "GET /healthz HTTP/1.1",
        200,
        2,
        "-",
        "kube-probe/1.29",
    )
}

/// A TLS hello on the plain port.
fn hello(moment: &Moment<'_>, random: &mut ChaCha8Rng) -> String {
    let network = pick(random, &moment.networks.scanners);
    let ip = network.address(random);
    access(
        moment.us,
        &ip.to_string(),
        "\\x16\\x03\\x01\\x01\\xFC\\x01\\x00",
        400,
        226,
        "-",
        "-",
    )
}

fn access(
    us: i64,
    ip: &str,
    request: &str,
    status: u16,
    bytes: u32,
    referer: &str,
    agent: &str,
) -> String {
    let time = chrono::DateTime::from_timestamp_micros(us).unwrap_or_default();
    let time = time.format("%d/%b/%Y:%H:%M:%S +0000");
    format!("{ip} - - [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\"")
}
