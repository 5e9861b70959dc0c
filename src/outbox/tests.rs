//! What becomes of messages when targets answer late, oddly, or not at all.

use super::*;
use crate::mock_pagerduty::{Fault, MockPagerDuty, ROUTING_KEY, actions};
use crate::notify::Target;
use crate::notify::pagerduty::{PagerDuty, tests::message};

struct Bench {
    _dir: tempfile::TempDir,
    mock: MockPagerDuty,
    dispatcher: Dispatcher,
}

async fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let state = State::open(&dir.path().join("state.sqlite"), crate::alerting::migrate).unwrap();
    let mock = MockPagerDuty::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = mock.serve(listener).unwrap();
    let target = PagerDuty::local(format!("http://{address}/v2/enqueue"), ROUTING_KEY);
    let dispatcher = Dispatcher {
        state,
        targets: [("pager".to_owned(), Target::Pagerduty(target))].into(),
        fallback: None,
        client: HttpClient::new().unwrap(),
        bell: Arc::default(),
    };
    Bench {
        _dir: dir,
        mock,
        dispatcher,
    }
}

async fn put(bench: &Bench, messages: Vec<Notification>) {
    put_for(bench, "incident", messages).await;
}

async fn put_for(bench: &Bench, incident: &'static str, messages: Vec<Notification>) {
    let write = move |tx: &Transaction<'_>| {
        messages
            .iter()
            .try_for_each(|message| enqueue(tx, incident, "pager", message, now_us()))
    };
    bench.dispatcher.state.write(write).await.unwrap();
}

/// Sends all that is due, without waiting for what is put off.
async fn drain(bench: &Bench) {
    let (mut traffic, mut attempts) = (Traffic::default(), JoinSet::new());
    loop {
        let has_started = bench
            .dispatcher
            .start_one(&mut traffic, &mut attempts)
            .await;
        if has_started.unwrap() {
            continue;
        }
        match attempts.join_next().await {
            Some(done) => traffic.finish(done),
            None => return,
        }
    }
}

async fn make_due(bench: &Bench) {
    let write = |tx: &Transaction<'_>| tx.execute("UPDATE outbox SET not_before_us = 0", []);
    bench.dispatcher.state.write(write).await.unwrap();
}

fn statuses(bench: &Bench) -> Vec<(String, u32)> {
    let read = |c: &Connection| {
        c.prepare("SELECT status, n_attempts FROM outbox ORDER BY seq")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    bench.dispatcher.state.read(read).unwrap()
}

fn resolve(seq: i64) -> Notification {
    Notification {
        action: Action::Resolve,
        seq,
        ..message()
    }
}

#[tokio::test]
async fn a_resolve_waits_for_its_trigger() {
    let bench = bench().await;
    bench.mock.fail_next([
        Fault::Status(503, None),
        Fault::Status(429, Some("1".into())),
    ]);
    put(&bench, vec![message()]).await;
    drain(&bench).await;
    put(&bench, vec![resolve(2)]).await;
    drain(&bench).await;
    assert_eq!(bench.mock.events().len(), 0);
    make_due(&bench).await;
    drain(&bench).await;
    make_due(&bench).await;
    drain(&bench).await;
    assert_eq!(
        actions(&bench.mock.events()).into_values().next().unwrap(),
        ["trigger", "resolve"]
    );
    assert_eq!(
        statuses(&bench),
        [("delivered".to_owned(), 3), ("delivered".to_owned(), 1)]
    );
}

#[tokio::test]
async fn a_lost_answer_means_once_more_under_the_same_key() {
    let bench = bench().await;
    bench.mock.fail_next([Fault::TakenThenLost]);
    put(&bench, vec![message()]).await;
    drain(&bench).await;
    make_due(&bench).await;
    drain(&bench).await;
    let incidents = bench.mock.incidents();
    assert_eq!((incidents.len(), incidents[0].n_events), (1, 2));
}

#[tokio::test]
async fn what_the_target_refuses_is_put_aside_and_blocks_nothing() {
    let bench = bench().await;
    let bad = Notification {
        summary: String::new(),
        ..message()
    };
    put(&bench, vec![bad]).await;
    drain(&bench).await;
    put(&bench, vec![resolve(2)]).await;
    drain(&bench).await;
    assert_eq!(
        statuses(&bench),
        [("dead".to_owned(), 1), ("delivered".to_owned(), 1)]
    );
}

#[tokio::test]
async fn what_never_left_is_taken_back_without_a_word() {
    let bench = bench().await;
    put(&bench, vec![message(), resolve(2)]).await;
    drain(&bench).await;
    assert_eq!(bench.mock.events().len(), 0);
    assert_eq!(statuses(&bench), []);
}

/// The summaries of open incidents about deliveries.
fn troubles(bench: &Bench) -> Vec<String> {
    let list = bench.dispatcher.state.read(crate::alerting::incidents);
    let open = list.unwrap().into_iter();
    let open = open.filter(|one| one.kind == "delivery" && one.state != "closed");
    open.map(|one| one.summary).collect()
}

#[tokio::test]
async fn what_a_target_refuses_goes_to_the_fallback_and_is_an_incident_of_ours() {
    let mut bench = bench().await;
    let broken = PagerDuty::local("http://127.0.0.1:9/v2/enqueue".into(), "short");
    let good = bench.dispatcher.targets.remove("pager").unwrap();
    bench.dispatcher.targets.insert("other".into(), good);
    bench
        .dispatcher
        .targets
        .insert("pager".into(), Target::Pagerduty(broken));
    bench.dispatcher.fallback = Some("other".into());
    bench.mock.fail_next([Fault::Status(400, None)]);
    put(&bench, vec![message()]).await;
    // It cannot be reached for longer than an urgent message may wait.
    for _ in 0..LATE_ATTEMPTS {
        assert_eq!(statuses(&bench).len(), 1);
        make_due(&bench).await;
        drain(&bench).await;
    }
    assert_eq!(statuses(&bench).len(), 2, "one for each way");
    let found = troubles(&bench);
    assert!(
        found
            .iter()
            .any(|text| text.starts_with("target pager does not take messages")),
        "{found:?}"
    );
    // The fallback refused its first; it is told of no further way, and takes the next.
    put(
        &bench,
        vec![Notification {
            dedup_key: "b".repeat(64),
            ..message()
        }],
    )
    .await;
    let pager = bench.dispatcher.targets.remove("other").unwrap();
    bench.dispatcher.targets.insert("pager".into(), pager);
    // The old way may hold the first open and is asked again; one of a new incident goes the new way.
    put_for(
        &bench,
        "later",
        vec![Notification {
            dedup_key: "c".repeat(64),
            ..message()
        }],
    )
    .await;
    make_due(&bench).await;
    drain(&bench).await;
    assert_eq!(bench.mock.incidents().len(), 1);
    assert!(
        !troubles(&bench)
            .iter()
            .any(|text| text.contains("target pager")),
        "it is over"
    );
}

/// Reliability, catalogue of answers: whatever a pager says, nothing is followed, swallowed whole or sent
/// without an end, and what became of it can be read.
#[tokio::test]
async fn odd_answers_have_known_outcomes() {
    let secret_text = format!("<b>no</b>\u{1b}[2J{}", "x".repeat(5_000));
    let far = "Wed, 21 Oct 2015 07:28:00 GMT";
    let status = |code: u16, wait: Option<&str>| Fault::Status(code, wait.map(str::to_owned));
    // The answer, what becomes of the message, seconds until it is tried again, events that were taken, and a
    // part of the reason.
    let rows = [
        (Fault::Endless, "delivered", 0, 1, ""),
        (
            Fault::Redirect("http://169.254.169.254/latest".into()),
            "dead",
            0,
            0,
            "307",
        ),
        (
            Fault::Redirect("http://127.0.0.1:1/".into()),
            "dead",
            0,
            0,
            "307",
        ),
        (status(429, Some("1000000000")), "queued", 900, 0, "429"),
        (status(429, Some(far)), "queued", 30, 0, "429"),
        (status(429, Some("soon")), "queued", 30, 0, "429"),
        (status(503, Some("0")), "queued", 1, 0, "503"),
        (status(410, None), "dead", 0, 0, "410"),
        (status(404, None), "dead", 0, 0, "404"),
        (status(401, None), "dead", 0, 0, "401"),
        (Fault::TakenThenLost, "queued", 1, 1, "502"),
        (
            Fault::Text(400, secret_text),
            "dead",
            0,
            0,
            "<b>no</b>\\x1b[2Jxxx",
        ),
    ];
    for (fault, expected, wait_s, n_taken, reason) in rows {
        let bench = bench().await;
        bench.mock.fail_next([fault.clone()]);
        put(&bench, vec![message()]).await;
        let start = now_us();
        drain(&bench).await;
        let read = |c: &Connection| {
            c.query_row(
                "SELECT status, not_before_us, coalesce(last_error, '') FROM outbox WHERE incident_id = 'incident'",
                [],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
            )
        };
        let (status, not_before, error) = bench.dispatcher.state.read(read).unwrap();
        assert_eq!(status, expected, "{fault:?}");
        assert_eq!(bench.mock.events().len(), n_taken, "{fault:?}");
        assert!(
            error.contains(reason) && error.len() < 700,
            "{fault:?}: {error}"
        );
        if expected == "queued" {
            let waits = (not_before - start) / 1_000_000;
            assert!(
                (wait_s / 2..=wait_s + 5).contains(&waits),
                "{fault:?}: {waits}"
            );
        }
        // What is broken for good, or for long, is an incident of ours.
        let is_trouble = expected == "dead" || wait_s > 120;
        assert_eq!(troubles(&bench).len(), usize::from(is_trouble), "{fault:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_or_is_no_tls_or_has_no_name_is_tried_again() {
    let broken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = broken.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = broken.accept().await {
            drop(stream);
        }
    });
    let rows = [
        format!("http://{address}/v2/enqueue"),
        format!("https://{address}/v2/enqueue"),
        "http://no-such-host.invalid/v2/enqueue".to_owned(),
    ];
    for url in rows {
        let mut bench = bench().await;
        let target = PagerDuty::local(url.clone(), ROUTING_KEY);
        bench
            .dispatcher
            .targets
            .insert("pager".into(), Target::Pagerduty(target));
        put(&bench, vec![message()]).await;
        drain(&bench).await;
        assert_eq!(statuses(&bench), [("queued".to_owned(), 1)], "{url}");
        make_due(&bench).await;
        drain(&bench).await;
        assert_eq!(statuses(&bench), [("queued".to_owned(), 2)], "{url}");
    }
}

/// An episode keeps its way: who got the trigger gets the resolve, whatever the settings say by then. A way
/// that is closed for good is left for the present one.
#[tokio::test]
async fn a_resolve_goes_the_way_of_its_trigger() {
    let owe = |tx: &Transaction<'_>| {
        tx.execute(
            "INSERT INTO owed VALUES ('incident', 'pager', ?1, 0)",
            ["a".repeat(64)],
        )
    };
    let mut first = bench().await;
    first.dispatcher.state.write(owe).await.unwrap();
    put(&first, vec![message()]).await;
    drain(&first).await;
    let second = bench().await;
    let moved = second.dispatcher.targets["pager"].clone();
    first.dispatcher.targets.insert("pager".into(), moved);
    put(&first, vec![resolve(2)]).await;
    drain(&first).await;
    assert_eq!(first.mock.incidents()[0].status, "resolved");
    assert_eq!(second.mock.events().len(), 0);
    // Also when the target is gone from the settings.
    put(
        &first,
        vec![Notification {
            episode: 2,
            seq: 3,
            ..message()
        }],
    )
    .await;
    drain(&first).await;
    first.dispatcher.targets.clear();
    put(
        &first,
        vec![Notification {
            episode: 2,
            ..resolve(4)
        }],
    )
    .await;
    drain(&first).await;
    let last = statuses(&first).pop().unwrap();
    assert_eq!(last, ("delivered".to_owned(), 1));
    // The old key is refused: the present way is taken.
    let third = bench().await;
    third.dispatcher.state.write(owe).await.unwrap();
    put(&third, vec![message()]).await;
    drain(&third).await;
    let fourth = bench().await;
    let mut third = third;
    third
        .dispatcher
        .targets
        .insert("pager".into(), fourth.dispatcher.targets["pager"].clone());
    third.mock.fail_next([Fault::Status(401, None)]);
    put(
        &third,
        vec![Notification {
            seq: 2,
            ..message()
        }],
    )
    .await;
    drain(&third).await;
    assert_eq!(
        (third.mock.events().len(), fourth.mock.events().len()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_way_that_only_does_not_answer_is_kept_and_a_leap_of_the_clock_holds_nothing_up() {
    let mut first = bench().await;
    let owe = |tx: &Transaction<'_>| {
        tx.execute(
            "INSERT INTO owed VALUES ('incident', 'pager', ?1, 0)",
            ["a".repeat(64)],
        )
    };
    first.dispatcher.state.write(owe).await.unwrap();
    put(&first, vec![message()]).await;
    drain(&first).await;
    let second = bench().await;
    let moved = second.dispatcher.targets["pager"].clone();
    first.dispatcher.targets.insert("pager".into(), moved);
    put(&first, vec![resolve(2)]).await;
    for _ in 0..12 {
        first.mock.fail_next([Fault::Status(503, None)]);
        // Tried while the clock was a year ahead; it is right again.
        let ahead = |tx: &Transaction<'_>| {
            tx.execute("UPDATE outbox SET not_before_us = not_before_us + 31536000000000 WHERE status = 'queued'", [])
        };
        first.dispatcher.state.write(ahead).await.unwrap();
        drain(&first).await;
    }
    assert_eq!(second.mock.events().len(), 0);
    make_due(&first).await;
    drain(&first).await;
    assert_eq!(first.mock.incidents()[0].status, "resolved");
    assert_eq!(
        statuses(&first).pop().unwrap(),
        ("delivered".to_owned(), 13)
    );
}

#[tokio::test]
async fn a_slow_key_does_not_hold_up_another() {
    let bench = bench().await;
    bench.mock.fail_next([Fault::Late(Duration::from_secs(2))]);
    let other = Notification {
        dedup_key: "c".repeat(64),
        ..message()
    };
    put(&bench, vec![message(), other]).await;
    let (mut traffic, mut attempts) = (Traffic::default(), JoinSet::new());
    for _ in 0..2 {
        let start = bench.dispatcher.start_one(&mut traffic, &mut attempts);
        assert!(start.await.unwrap());
    }
    let first = attempts.join_next().await.unwrap().unwrap();
    assert!(first.0.ends_with(&"c".repeat(64)), "{first:?}");
    attempts.join_next().await.unwrap().unwrap();
    assert_eq!(bench.mock.incidents().len(), 2);
}

#[tokio::test]
async fn no_more_than_the_limit_leaves_in_a_minute() {
    let bench = bench().await;
    let one = |i: usize| Notification {
        dedup_key: format!("{i:064}"),
        ..message()
    };
    put(&bench, (0..PER_MINUTE_MAX + 5).map(one).collect()).await;
    drain(&bench).await;
    assert_eq!(bench.mock.events().len(), PER_MINUTE_MAX);
}

#[test]
fn waits_grow_and_are_bounded() {
    for attempts in 0..40 {
        let wait = backoff(attempts);
        assert!(
            wait >= Duration::from_millis(500) && wait <= BACKOFF_MAX,
            "{wait:?}"
        );
    }
}
