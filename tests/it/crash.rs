//! `kill -9` at random points: what was acknowledged is found, and files come out exactly once.

use std::io::Write;
use std::time::Duration;

use rand::{Rng, SeedableRng};

use crate::program::{Client, Home, access_line, arg, now_us};

const N_KILLS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::print_stdout,
    reason = "how much was at stake is worth knowing"
)]
async fn acknowledged_lines_and_files_survive_thirty_kills() {
    let home = Home::new();
    // The seed fixes the waits, not what happens in them: every run is another test.
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let path = home.write("logs/tailed.log", "");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap();
    let (mut acknowledged, mut unsure, mut written) = (Vec::new(), Vec::new(), 0);
    let mut token: Option<Client> = None;
    let mut next = 1_000_000;
    for round in 0..N_KILLS {
        let mut server = home.serve(&["--tail", arg(&path)]);
        let client = match &token {
            Some(client) => client.at(&server),
            None => Client::new(&home, &server, "admin"),
        };
        token = Some(client.clone());
        let alive = Duration::from_millis(random.random_range(5..250));
        let (first, acked) = tokio::sync::oneshot::channel();
        let mut first = Some(first);
        let sender = tokio::spawn(async move {
            let (mut good, mut open) = (Vec::new(), Vec::new());
            loop {
                let batch: Vec<usize> = (next..next + 20).collect();
                next += 20;
                let body = batch
                    .iter()
                    .map(|n| access_line(*n, "192.0.2.7", 200, now_us()))
                    .collect();
                match client.lines(body).await {
                    true => {
                        good.extend(batch);
                        first.take().map(|first| first.send(()));
                    }
                    false => {
                        open.extend(batch);
                        return (good, open, next);
                    }
                }
            }
        });
        // Every other kill comes after something was acknowledged, however slow the machine is.
        if round % 2 == 0 {
            acked.await.unwrap();
        }
        let deadline = tokio::time::Instant::now() + alive;
        while tokio::time::Instant::now() < deadline {
            for _ in 0..50 {
                file.write_all(access_line(written, "192.0.2.8", 200, now_us()).as_bytes())
                    .unwrap();
                written += 1;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        server.kill();
        let (good, open, after) = sender.await.unwrap();
        acknowledged.extend(good);
        unsure.extend(open);
        next = after;
    }
    let server = home.serve(&["--tail", arg(&path)]);
    let client = token.unwrap().at(&server);
    let from_file = "SELECT count(*) FROM logs WHERE client_ip = '192.0.2.8'";
    client.until(from_file, written as i64).await;
    let distinct = "SELECT count(DISTINCT path) FROM logs WHERE client_ip = '192.0.2.8'";
    assert_eq!(client.number(distinct).await, written as i64);
    println!(
        "{N_KILLS} kills: {} lines acknowledged, {} sent without an answer, {written} in the file",
        acknowledged.len(),
        unsure.len()
    );
    assert!(
        acknowledged.len() > 100,
        "the kills came before anything was stored"
    );

    drop(server);
    let rows = home.sql("SELECT path FROM logs WHERE client_ip = '192.0.2.7'");
    let mut found: Vec<usize> = rows
        .iter()
        .map(|row| {
            row["path"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .parse()
                .unwrap()
        })
        .collect();
    found.sort_unstable();
    let missing: Vec<_> = acknowledged
        .iter()
        .filter(|n| found.binary_search(n).is_err())
        .collect();
    assert!(missing.is_empty(), "acknowledged and lost: {missing:?}");
    let n = found.len();
    found.dedup();
    assert_eq!(found.len(), n, "a line is there twice");
    assert!(
        found
            .iter()
            .all(|n| acknowledged.binary_search(n).is_ok() || unsure.contains(n))
    );
}
