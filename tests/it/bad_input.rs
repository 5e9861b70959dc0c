//! Bad input: a clear outcome each, and nothing lost.

use std::process::Command;

use crate::program::{Client, Home, access_line, arg, is_root, now_us};

fn good_line() -> String {
    access_line(1, "192.0.2.7", 200, 1_772_366_400_000_000)
}

/// Imports the bytes and checks rows, unparsed rows and blanks.
#[track_caller]
fn check(name: &str, content: &[u8], n_rows: i64, n_unparsed: i64) -> Home {
    let home = Home::new();
    let path = home.write("input.log", content);
    home.ok(&["import", arg(&path)]);
    assert_eq!(
        home.number("SELECT count(*) FROM logs"),
        n_rows,
        "{name}: rows"
    );
    assert_eq!(
        home.number("SELECT count(*) FROM logs WHERE format = 'unparsed'"),
        n_unparsed,
        "{name}: unparsed"
    );
    let (rows, rest) = (
        n_rows,
        home.number("SELECT coalesce(sum(n), 0) FROM ledger WHERE kind = 'stored'"),
    );
    assert_eq!(rows, rest, "{name}: the ledger");
    home
}

#[test]
fn odd_files_are_read_to_the_last_byte() {
    let line = good_line();
    check("empty", b"", 0, 0);
    check("only newlines", b"\n\n\n", 0, 0);
    check(
        "CRLF",
        line.replace('\n', "\r\n").repeat(3).as_bytes(),
        3,
        0,
    );
    check("no newline at the end", line.trim_end().as_bytes(), 1, 0);
    check("NULs", b"a\0b\0c\n", 1, 1);
    check(
        "a byte order mark",
        format!("\u{feff}{line}").as_bytes(),
        1,
        0,
    );
    let home = check("invalid UTF-8", b"\xff\xfe broken \xc0 bytes\n", 1, 1);
    let row = &home.sql("SELECT raw, flags FROM logs")[0];
    assert_eq!(row["raw"], "\\xFF\\xFE broken \\xC0 bytes");
    assert!(row["flags"].to_string().contains("invalid_utf8"), "{row}");
    let mixed = format!(
        "{line}<13>Oct 11 22:14:15 web-1 me: hello\n{{\"msg\":\"x\"}}\nlevel=info msg=y\nnoise\n"
    );
    check("formats mixed", mixed.as_bytes(), 5, 1);
}

#[test]
fn a_line_of_100_mib_is_cut_flagged_and_the_rest_goes_on() {
    let mut content = vec![b'x'; 100 << 20];
    content.push(b'\n');
    content.extend(good_line().bytes());
    let home = check("long line", &content, 2, 1);
    let row = &home.sql("SELECT length(raw) AS n, flags FROM logs WHERE format = 'unparsed'")[0];
    assert_eq!(row["n"], 256 * 1024);
    assert!(row["flags"].to_string().contains("truncated"), "{row}");
}

#[test]
fn files_that_cannot_be_read_are_named_with_the_reason() {
    let home = Home::new();
    let (_, error) = home.fails(&["import", arg(&home.path("nothing.log"))]);
    assert!(error.contains("nothing.log"), "{error}");
    std::fs::create_dir(home.path("folder")).unwrap();
    let (_, error) = home.fails(&["import", arg(&home.path("folder"))]);
    assert!(
        error.contains("folder") && error.contains("is a folder"),
        "{error}"
    );
    let cut = home.write("cut.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]);
    let (_, error) = home.fails(&["import", arg(&cut)]);
    assert!(error.contains("cut.gz"), "{error}");
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped part has to be seen")]
fn a_file_without_permission_is_named_and_the_others_are_read() {
    use std::os::unix::fs::PermissionsExt;
    if is_root() {
        // Root may read everything; the same path through the code is a folder among the files.
        eprintln!("SKIPPED for root: files without permission");
        return;
    }
    let home = Home::new();
    let (closed, open) = (
        home.write("closed.log", good_line()),
        home.write("open.log", good_line()),
    );
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o0)).unwrap();
    let (code, error) = home.fails(&["import", arg(&closed), arg(&open)]);
    assert_eq!(code, 1);
    assert!(
        error.contains("closed.log") && error.contains("ermission"),
        "{error}"
    );
    assert_eq!(home.number("SELECT count(*) FROM logs"), 1);
}

#[test]
fn a_folder_among_files_does_not_keep_the_files_out() {
    let home = Home::new();
    std::fs::create_dir(home.path("a")).unwrap();
    let good = home.write("b.log", good_line());
    let (code, error) = home.fails(&["import", arg(&home.path("a")), arg(&good)]);
    assert_eq!(code, 1, "{error}");
    assert_eq!(home.number("SELECT count(*) FROM logs"), 1);
}

#[test]
fn a_port_in_use_and_an_open_address_are_refused_with_a_hint() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, error) = home.fails(&["serve", "--listen", &address]);
    assert_eq!(code, 2, "{error}");
    assert!(
        error.contains(&address) && error.contains("--listen"),
        "{error}"
    );
    let (code, error) = home.fails(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("--insecure-listen"), "{error}");
}

#[test]
fn settings_and_rules_with_mistakes_name_the_mistake() {
    let home = Home::new();
    let config = home.write("bad.toml", "lissen = '127.0.0.1:1'");
    let (code, error) = home.fails(&["--config", arg(&config), "check"]);
    assert_eq!(code, 2);
    assert!(error.contains("unknown field `lissen`"), "{error}");
    home.write(
        "data/queries/alerts/mine.toml",
        "id = \"x\"\nthreshhold = 5\n",
    );
    home.write("data/queries/broken.sql", "SELECT 1");
    let output = home.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("mine.toml") && said.contains("threshhold"),
        "{said}"
    );
    assert!(said.contains("broken, line 1"), "{said}");
}

#[tokio::test]
async fn a_damaged_geo_file_is_told_and_the_embedded_data_serve() {
    let home = Home::new();
    let damaged = home.write("city.mmdb", b"this is no database");
    let config = home.write(
        "geo.toml",
        format!("[geo]\npaths = ['{}']\n", arg(&damaged)),
    );
    let server = home.serve(&["--config", arg(&config)]);
    let client = Client::new(&home, &server, "admin");
    assert!(
        client
            .lines(access_line(1, "217.0.0.1", 200, now_us()))
            .await
    );
    assert_eq!(
        client
            .number("SELECT count(*) FROM logs WHERE country = 'DE'")
            .await,
        1
    );
    let metrics = client
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(metrics.contains("logatlas_geo_failures 1"), "{metrics}");
}

/// A file system of 24 MiB; none when this user may not make one.
#[expect(clippy::print_stderr, reason = "a skipped part has to be seen")]
fn small_disk(home: &Home) -> Option<SmallDisk> {
    let path = home.path("small");
    std::fs::create_dir(&path).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=24m", "tmpfs", arg(&path)])
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this user may not mount a small disk");
        return None;
    }
    Some(SmallDisk(path))
}

struct SmallDisk(std::path::PathBuf);

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[tokio::test]
async fn a_full_disk_stops_acknowledgements_and_loses_nothing() {
    let mut home = Home::new();
    let Some(disk) = small_disk(&home) else {
        return;
    };
    home.data = disk.0.join("data");
    let server = home.serve(&[]);
    let token = home.ok(&["token", "new", "--scope", "admin"]);
    let http = reqwest::Client::builder()
        .timeout(std::time::Duration::from_secs(4))
        .build()
        .unwrap();
    let send = async |from: usize| {
        // Text that does not compress.
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(from as u64);
        let noise = |random: &mut rand_chacha::ChaCha8Rng| -> String {
            (0..400)
                .map(|_| char::from(rand::Rng::random_range(random, b'a'..=b'z')))
                .collect()
        };
        let body: String = (from..from + 2000)
            .map(|n| format!("level=info n={n} msg={}\n", noise(&mut random)))
            .collect();
        let sent = http
            .post(format!("{}/api/v1/ingest/lines", server.url))
            .bearer_auth(token.trim())
            .body(body)
            .send()
            .await;
        sent.is_ok_and(|response| response.status().is_success())
    };
    use rand::SeedableRng;
    let mut acknowledged = 0;
    let mut was_refused = false;
    for round in 0..200 {
        if !send(round * 2000).await {
            was_refused = true;
            break;
        }
        acknowledged += 2000;
    }
    assert!(was_refused, "200 rounds fit on the small disk");
    assert!(acknowledged > 0, "nothing fit");
    drop(server);
    // With room again, everything acknowledged is there.
    let grown = Command::new("mount")
        .args(["-o", "remount,size=512m", arg(&disk.0)])
        .status()
        .unwrap();
    assert!(grown.success());
    let found = home.number("SELECT count(DISTINCT attrs['n']) FROM logs") as usize;
    assert!(
        found >= acknowledged,
        "{found} of {acknowledged} acknowledged lines"
    );
}
