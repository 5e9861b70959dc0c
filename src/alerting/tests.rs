//! The engine, tick by tick, on a state in memory. Times are minutes; a tick is taken when it ends.

use std::collections::BTreeMap;

use super::people::Actor;
use super::*;
use crate::notify::{Action, Notification};
use crate::rule::tests::{RULE, reading};
use crate::rule::{Inhibit, Labels};

const MINUTE: i64 = 60_000_000;

struct Bench {
    db: Connection,
    policy: Policy,
    /// Messages are taken as soon as they are written.
    delivers: bool,
    n_seen: i64,
}

fn rule(changes: &[(&str, &str)]) -> AlertRule {
    let mut text = RULE.to_owned();
    for (find, replace) in changes {
        assert!(text.contains(find), "{find}");
        text = text.replace(find, replace);
    }
    AlertRule::parse("r.toml", &text).unwrap()
}

/// Fires at the first bad tick, resolves at the first good one.
fn prompt(changes: &[(&str, &str)]) -> AlertRule {
    let hold = (
        "hold = { for = \"2m\", keep_firing_for = \"3m\", missing_after = 2 }",
        "hold = {}",
    );
    rule(&[&[hold], changes].concat())
}

/// One target that may be told the same again, one that may not.
pub(super) fn pager_and_chat() -> BTreeMap<String, mute::Takes> {
    let all = mute::Takes {
        refresh: true,
        changes: false,
    };
    [
        ("pager".to_owned(), all),
        ("chat".to_owned(), mute::Takes::default()),
    ]
    .into()
}

impl Bench {
    fn new() -> Self {
        let policy = Policy {
            targets: pager_and_chat(),
            ..Policy::default()
        };
        Self {
            db: in_memory("test").unwrap(),
            policy,
            delivers: true,
            n_seen: 0,
        }
    }

    fn write<R>(&mut self, write: impl FnOnce(&Transaction<'_>, &Policy) -> R) -> R {
        let tx = self.db.transaction().unwrap();
        let result = write(&tx, &self.policy);
        if self.delivers {
            tx.execute(
                "UPDATE outbox SET status = 'delivered', n_attempts = 1 WHERE status = 'queued'",
                [],
            )
            .unwrap();
        }
        tx.commit().unwrap();
        result
    }

    fn take(&mut self, rule: &AlertRule, tick: &Tick) -> Vec<Change> {
        let context = context(tick.tick_us);
        self.write(|tx, policy| apply(tx, rule, tick, &context, policy).unwrap())
    }

    /// A complete tick with these readings.
    fn tick(&mut self, rule: &AlertRule, minute: i64, rows: Vec<Reading>) -> Vec<Change> {
        self.take(rule, &tick(minute, Ok(rows)))
    }

    /// Lets time pass without a tick.
    fn wait_until(&mut self, now_us: i64) {
        self.write(|tx, policy| settle(tx, policy, &context(now_us)).unwrap());
    }

    /// Messages since the last call, refreshes left out: `pager trigger open <summary>`.
    fn said(&mut self) -> Vec<String> {
        let messages = self.messages_since(self.n_seen);
        let last: i64 = self
            .db
            .query_row("SELECT coalesce(max(rowid), 0) FROM outbox", [], |row| {
                row.get(0)
            })
            .unwrap();
        self.n_seen = last;
        let news = messages
            .into_iter()
            .filter(|(_, message)| message.reason.as_str() != "refresh");
        news.map(|(target, message)| {
            format!(
                "{target} {} {} {}",
                message.action.as_str(),
                message.reason.as_str(),
                message.summary
            )
        })
        .collect()
    }

    fn messages_since(&self, rowid: i64) -> Vec<(String, Notification)> {
        let mut statement = self
            .db
            .prepare("SELECT target, body FROM outbox WHERE rowid > ?1 ORDER BY rowid")
            .unwrap();
        let rows = statement.query_map([rowid], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        });
        rows.unwrap()
            .map(|row| row.unwrap())
            .map(|(target, body)| (target, serde_json::from_str(&body).unwrap()))
            .collect()
    }

    fn list(&self) -> Vec<Incident> {
        incidents(&self.db).unwrap()
    }

    fn only(&self) -> Incident {
        let mut list = self.list();
        assert_eq!(list.len(), 1, "{list:#?}");
        list.remove(0)
    }

    fn act(
        &mut self,
        minute: i64,
        act: impl FnOnce(&Transaction<'_>) -> Result<(), people::PeopleError>,
    ) {
        self.write(|tx, policy| {
            act(tx).unwrap();
            settle(tx, policy, &context(minute * MINUTE)).unwrap();
        });
    }
}

fn context(now_us: i64) -> Context {
    Context {
        public_url: "http://logs".into(),
        now_us,
    }
}

fn tick(minute: i64, outcome: Result<Vec<Reading>, String>) -> Tick {
    Tick {
        tick_us: minute * MINUTE,
        is_complete: true,
        outcome,
        eval_us: 0,
    }
}

fn bad(country: &str) -> Reading {
    reading(Some(country), 0.08, 1000)
}

fn well(country: &str) -> Reading {
    reading(Some(country), 0.004, 1000)
}

const ME: Actor<'static> = Actor {
    name: "mia",
    through: None,
};

#[test]
fn an_episode_from_pending_to_resolve() {
    let mut bench = Bench::new();
    let rule = rule(&[]);
    let rows = || {
        vec![
            reading(Some("DE"), 0.074, 5570),
            reading(Some("FR"), 0.001, 900),
        ]
    };
    for minute in 0..2 {
        assert_eq!(bench.tick(&rule, minute, rows()), []);
    }
    let opened = bench.tick(&rule, 2, rows());
    assert_eq!(
        opened[0].summary,
        "5xx rate DE 7.4 % (412 of 5570), limit 5 %"
    );
    // The same tick again, as after a crash: nothing happens twice.
    assert_eq!(bench.tick(&rule, 2, rows()), []);
    assert_eq!(
        bench.said(),
        ["pager trigger open 5xx rate DE 7.4 % (412 of 5570), limit 5 %"]
    );
    for minute in 3..6 {
        assert_eq!(bench.tick(&rule, minute, vec![well("DE")]), []);
    }
    let closed = bench.tick(&rule, 6, vec![well("DE")]);
    assert_eq!(closed[0].effect, crate::incident::Effect::Resolve);
    // The resolve says what had been wrong.
    assert_eq!(
        bench.said(),
        ["pager resolve resolve 5xx rate DE recovered, worst 7.4 %, limit 5 %"]
    );
    let incident = bench.only();
    assert_eq!(
        (
            incident.state.as_str(),
            incident.opened_at,
            incident.closed_at
        ),
        ("closed", 120_000, Some(360_000))
    );
    assert_eq!(
        incident.client_url,
        "http://logs/map?from=-180000&to=120000&metric=rate&place=DE"
    );
}

#[test]
fn s8_a_hundred_firings_of_a_key_are_one_incident() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    for minute in 0..100 {
        bench.tick(&rule, minute, vec![bad("DE")]);
    }
    assert_eq!(bench.list().len(), 1);
    assert_eq!(bench.said().len(), 1);
    let keys: std::collections::BTreeSet<String> = bench
        .messages_since(0)
        .into_iter()
        .map(|(_, message)| message.dedup_key)
        .collect();
    assert_eq!(keys.len(), 1);
    assert!(keys.first().unwrap().len() <= 255);
}

#[test]
fn s9_thirty_hosts_are_one_incident_that_says_thirty() {
    let mut bench = Bench::new();
    let rule = prompt(&[("team = \"web\",", "team = \"web\", group_by = [],")]);
    let rows = (0..30)
        .map(|i| reading(Some(&format!("C{i}")), 0.06 + f64::from(i) / 1000.0, 1000))
        .collect();
    bench.tick(&rule, 0, rows);
    let incident = bench.only();
    assert_eq!(
        incident.summary,
        "5xx rate: 30 by country at once, worst C29 8.9 % (89 of 1000), limit 5 %"
    );
    assert_eq!(incident.members.as_array().unwrap().len(), 30);
}

#[test]
fn s10_after_the_first_page_what_opens_within_a_minute_is_one_bundle() {
    let mut bench = Bench::new();
    let rule = prompt(&[("every = \"1m\"", "every = \"10s\"")]);
    let at = |seconds: i64, rows: Vec<Reading>| Tick {
        tick_us: seconds * 1_000_000,
        ..tick(0, Ok(rows))
    };
    bench.take(&rule, &at(0, vec![bad("AA")]));
    assert_eq!(bench.said().len(), 1);
    for i in 1..5 {
        let rows = ["AA", "BB", "CC", "DD", "EE"]
            .into_iter()
            .take(i + 1)
            .map(bad)
            .collect();
        bench.take(&rule, &at(i as i64 * 10, rows));
        assert_eq!(bench.said(), [""; 0]);
    }
    bench.wait_until(60 * 1_000_000);
    let said = bench.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("pager trigger open 4 at once: 5xx rate BB 8 %"),
        "{said:?}"
    );
    // The members end without a word; the bundle ends with the last of them, the first page with its own.
    bench.take(
        &rule,
        &at(
            70,
            vec![bad("AA"), bad("BB"), well("CC"), well("DD"), well("EE")],
        ),
    );
    assert_eq!(bench.said(), [""; 0]);
    bench.take(&rule, &at(80, vec![well("AA"), well("BB")]));
    bench.wait_until(81 * 1_000_000);
    let said = bench.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said.iter().all(|line| line.starts_with("pager resolve")),
        "{said:?}"
    );
}

#[test]
fn s13_what_is_not_urgent_waits_for_the_morning() {
    let mut bench = Bench::new();
    let team =
        toml::from_str("zone = \"UTC\"\nquiet = \"22:00-07:00\"\ntargets = [\"chat\"]").unwrap();
    bench.policy.teams = BTreeMap::from([("web".to_owned(), team)]);
    let mild = prompt(&[
        ("severity = \"error\"", "severity = \"warning\""),
        ("targets = [\"pager\"]", "targets = [\"chat\"]"),
    ]);
    let urgent = prompt(&[("id = \"rate\"", "id = \"urgent\"")]);
    let night = 23 * 60;
    bench.tick(&mild, night, vec![bad("DE"), bad("FR")]);
    assert_eq!(bench.said(), [""; 0]);
    assert_eq!(bench.list()[0].mute.as_deref(), Some("parked"));
    bench.tick(&urgent, night, vec![bad("ES")]);
    assert_eq!(bench.said().len(), 1, "the urgent one never waits");
    bench.tick(&mild, night + 1, vec![bad("DE"), well("FR")]);
    let morning = (24 + 7) * 60;
    bench.wait_until(morning * MINUTE - 1);
    assert_eq!(bench.said(), [""; 0]);
    bench.wait_until(morning * MINUTE);
    let said = bench.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].contains("1 still open since last night: 5xx rate DE"),
        "{said:?}"
    );
    assert!(
        said[0].ends_with("1 opened and cleared overnight"),
        "{said:?}"
    );
    bench.wait_until(morning * MINUTE + MINUTE);
    assert_eq!(bench.said(), [""; 0]);
}

#[test]
fn s13_what_came_and_went_overnight_pages_nobody() {
    let mut bench = Bench::new();
    let team = toml::from_str("quiet = \"22:00-07:00\"\ntargets = [\"chat\"]").unwrap();
    bench.policy.teams = BTreeMap::from([("web".to_owned(), team)]);
    let mild = prompt(&[("severity = \"error\"", "severity = \"warning\"")]);
    bench.tick(&mild, 23 * 60, vec![bad("DE")]);
    bench.tick(&mild, 23 * 60 + 1, vec![well("DE")]);
    bench.wait_until(31 * 60 * MINUTE);
    let said = bench.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("chat digest digest 1 opened and cleared overnight: 5xx rate DE"),
        "{said:?}"
    );
}

#[test]
fn s19_the_next_page_quotes_what_the_last_ones_were() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    bench.tick(&rule, 1, vec![well("DE")]);
    let id = bench.only().id;
    bench.act(2, |tx| {
        people::classify(tx, &id, "no_action", "a crawler", "mia", 2 * MINUTE)
    });
    bench.tick(&rule, 3, vec![bad("DE")]);
    let (_, last) = bench.messages_since(0).pop().unwrap();
    assert_eq!(last.past, ["1970-01-01 no action: a crawler"]);
}

#[test]
fn s21_a_value_that_swings_around_the_limit_opens_and_closes_once() {
    let mut bench = Bench::new();
    let rule = rule(&[]);
    let values = [0.051, 0.049, 0.052, 0.048, 0.055, 0.047, 0.051, 0.045];
    for (minute, value) in values.into_iter().cycle().take(40).enumerate() {
        bench.tick(&rule, minute as i64, vec![reading(Some("DE"), value, 1000)]);
    }
    for minute in 40..50 {
        bench.tick(&rule, minute, vec![well("DE")]);
    }
    let said = bench.said();
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn s33_a_condition_that_holds_is_told_each_minute_and_opens_nothing() {
    let mut bench = Bench::new();
    let rule = prompt(&[("every = \"1m\"", "every = \"30s\"")]);
    for half in 0..10 {
        let mut one = tick(
            0,
            Ok(vec![reading(
                Some("DE"),
                0.08 + f64::from(half) / 1000.0,
                1000,
            )]),
        );
        one.tick_us = i64::from(half) * 30_000_000;
        bench.take(&rule, &one);
    }
    let messages = bench.messages_since(0);
    assert_eq!(messages.len(), 5, "one page and four refreshes");
    assert!(
        messages
            .iter()
            .all(|(_, message)| message.action == Action::Trigger)
    );
    assert!(
        messages[4].1.summary.contains("8.8 %"),
        "{}",
        messages[4].1.summary
    );
    assert_eq!(bench.list().len(), 1);
}

#[test]
fn s34_ended_by_hand_while_still_true_it_opens_again_within_a_cycle() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    let id = bench.only().id;
    bench.said();
    bench.act(0, |tx| {
        people::resolve(
            tx,
            &id,
            Actor {
                name: "mia",
                through: Some("pager"),
            },
            MINUTE / 2,
        )
    });
    assert_eq!(
        bench.said().len(),
        1,
        "a refresh may have been under way, so the pager hears of the end as well"
    );
    bench.tick(&rule, 1, vec![bad("DE")]);
    assert_eq!(
        bench.said(),
        ["pager trigger open still true: 5xx rate DE 8 % (80 of 1000), limit 5 %"]
    );
    let list = bench.list();
    assert_eq!(
        (list[0].episode, list[1].close_reason.as_deref()),
        (2, Some("resolved by mia"))
    );
    // Ended by hand and well at the next tick: that was that.
    let id = list[0].id.clone();
    bench.act(1, |tx| people::resolve(tx, &id, ME, MINUTE + 1));
    assert_eq!(bench.said().len(), 1);
    bench.tick(&rule, 2, vec![well("DE")]);
    bench.tick(&rule, 3, vec![well("DE")]);
    assert_eq!(bench.said(), [""; 0]);
}

#[test]
fn a_second_episode_has_the_same_key_and_rising_numbers() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    for minute in 0..6 {
        bench.tick(
            &rule,
            minute,
            vec![if minute % 3 < 2 {
                bad("DE")
            } else {
                well("DE")
            }],
        );
    }
    let messages: Vec<Notification> = bench
        .messages_since(0)
        .into_iter()
        .map(|(_, message)| message)
        .collect();
    assert!(
        messages.is_sorted_by(|a, b| a.seq < b.seq && a.episode <= b.episode),
        "{messages:?}"
    );
    assert!(
        messages
            .iter()
            .all(|message| message.dedup_key == messages[0].dedup_key)
    );
    assert_eq!(messages.last().unwrap().episode, 2);
}

#[test]
fn missing_rows_resolve_after_two_ticks_and_the_keep_time() {
    let mut bench = Bench::new();
    let rule = rule(&[]);
    for minute in 0..3 {
        bench.tick(&rule, minute, vec![reading(None, 0.5, 1000)]);
    }
    let closed: Vec<i64> = (3..12)
        .filter(|minute| !bench.tick(&rule, *minute, vec![]).is_empty())
        .collect();
    assert_eq!(closed, [7]);
}

#[test]
fn no_data_and_errors_are_incidents_of_their_own_and_end_nothing() {
    let mut bench = Bench::new();
    let rule = prompt(&[("raise =", "nodata = { after = \"2m\" }\nraise =")]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    bench.said();
    for minute in 1..5 {
        bench.take(&rule, &tick(minute, Err("no such table".into())));
    }
    bench.wait_until(4 * MINUTE);
    assert_eq!(
        bench.said(),
        ["pager trigger open 5xx rate: the query fails, nothing is judged: no such table"]
    );
    for minute in 5..9 {
        bench.tick(&rule, minute, vec![]);
    }
    let said = bench.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("pager resolve") && said[1].contains("no data"),
        "{said:?}"
    );
    let open: Vec<String> = bench
        .list()
        .iter()
        .filter(|one| one.state == "firing")
        .map(|one| one.kind.clone())
        .collect();
    assert_eq!(
        open,
        ["no_data", "value"],
        "DE is still open: nothing says it is well"
    );
    // Incomplete silence is no silence.
    bench.tick(&rule, 9, vec![well("DE")]);
    for minute in 10..20 {
        bench.take(
            &rule,
            &Tick {
                is_complete: false,
                ..tick(minute, Ok(vec![]))
            },
        );
    }
    assert!(bench.list().iter().all(|one| one.state == "closed"));
}

#[test]
fn more_keys_than_the_rule_may_have_are_counted_not_lost() {
    let mut bench = Bench::new();
    let rule = prompt(&[
        ("raise =", "limits = { max_keys = 3 }\nraise ="),
        ("team = \"web\",", "team = \"web\", group_by = [],"),
    ]);
    let rows: Vec<Reading> = (0..10)
        .map(|i| reading(Some(&format!("C{i}")), 0.06 + f64::from(i) / 100.0, 1000))
        .collect();
    bench.tick(&rule, 0, rows.clone());
    let summaries: Vec<String> = bench.list().into_iter().map(|one| one.summary).collect();
    assert!(
        summaries.contains(&"5xx rate: 7 more breach than the 3 the rule may follow".to_owned()),
        "{summaries:?}"
    );
    assert!(
        summaries
            .iter()
            .any(|summary| summary.contains("3 by country at once, worst C9")),
        "{summaries:?}"
    );
    bench.tick(&rule, 1, rows[7..].to_vec());
    assert_eq!(
        bench
            .list()
            .iter()
            .filter(|one| one.state != "closed")
            .count(),
        1
    );
}

#[test]
fn an_acknowledged_incident_that_gets_worse_is_a_new_page() {
    let mut bench = Bench::new();
    let rule = prompt(&[("raise =", "escalate = { at = 0.2 }\nraise =")]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    let id = bench.only().id;
    bench.act(0, |tx| people::acknowledge(tx, &id, ME, 1));
    assert_eq!(
        bench.said()[1],
        "pager acknowledge acknowledge 5xx rate DE 8 % (80 of 1000), limit 5 % (acknowledged by mia)"
    );
    bench.tick(&rule, 1, vec![reading(Some("DE"), 0.3, 1000)]);
    let (_, page) = bench.messages_since(0).pop().unwrap();
    assert!(page.dedup_key.ends_with(":critical"), "{}", page.dedup_key);
    assert_eq!(bench.only().acked_by, None);
    bench.said();
    bench.tick(&rule, 2, vec![well("DE")]);
    assert_eq!(bench.said().len(), 2, "both keys are resolved");
}

#[test]
fn reminders_stop_when_somebody_has_it_and_return_when_that_is_over() {
    let mut bench = Bench::new();
    let rule = prompt(&[(
        "team = \"web\",",
        "team = \"web\", renotify = \"10m\", ack_timeout = \"30m\",",
    )]);
    for minute in 0..15 {
        bench.tick(&rule, minute, vec![bad("DE")]);
    }
    assert_eq!(
        bench
            .said()
            .iter()
            .filter(|line| line.contains("renotify"))
            .count(),
        1
    );
    let id = bench.only().id;
    bench.act(15, |tx| people::acknowledge(tx, &id, ME, 15 * MINUTE));
    bench.said();
    for minute in 16..45 {
        bench.tick(&rule, minute, vec![bad("DE")]);
    }
    assert_eq!(bench.said(), [""; 0]);
    for minute in 45..47 {
        bench.tick(&rule, minute, vec![bad("DE")]);
    }
    assert_eq!(bench.said().len(), 1);
}

fn silence(matchers: &[(&str, &str)], expires_us: i64, until_clear: bool) -> mute::Silence {
    mute::Silence {
        id: String::new(),
        matchers: matchers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        author: "mia".into(),
        reason: "maintenance".into(),
        created_us: 0,
        expires_us,
        until_clear,
        ended_us: None,
    }
}

#[test]
fn a_silence_stops_triggers_never_resolves_and_lets_go_when_it_ends() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    bench.said();
    let matchers = [("rule", "rate"), ("country", "DE")];
    bench.write(|tx, policy| {
        silence(&matchers, 30 * MINUTE, false)
            .create(tx, policy, &context(1))
            .unwrap()
            .unwrap()
    });
    for minute in 1..3 {
        bench.tick(&rule, minute, vec![bad("DE"), bad("FR")]);
    }
    let said = bench.said();
    assert!(said.iter().all(|line| line.contains("FR")), "{said:?}");
    bench.tick(&rule, 3, vec![well("DE"), bad("FR")]);
    assert_eq!(
        bench.said(),
        ["pager resolve resolve 5xx rate DE recovered, worst 8 %, limit 5 %"]
    );
    bench.tick(&rule, 4, vec![bad("DE"), bad("FR")]);
    assert_eq!(bench.said(), [""; 0]);
    assert_eq!(
        bench
            .list()
            .iter()
            .find(|one| one.labels["country"] == "DE")
            .unwrap()
            .mute
            .as_deref(),
        Some("silenced")
    );
    bench.wait_until(30 * MINUTE);
    assert_eq!(
        bench.said(),
        ["pager trigger open 5xx rate DE 8 % (80 of 1000), limit 5 %"]
    );
}

#[test]
fn a_silence_until_clear_ends_with_what_it_silenced() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    bench.write(|tx, policy| {
        silence(&[("country", "DE")], 600 * MINUTE, true)
            .create(tx, policy, &context(0))
            .unwrap()
            .unwrap()
    });
    bench.wait_until(1);
    bench.tick(&rule, 1, vec![bad("DE")]);
    assert_eq!(
        bench.list()[0].mute,
        None,
        "it ended at once: nothing was open"
    );
    bench.said();
    bench.write(|tx, policy| {
        silence(&[("country", "DE")], 600 * MINUTE, true)
            .create(tx, policy, &context(MINUTE))
            .unwrap()
            .unwrap()
    });
    bench.tick(&rule, 2, vec![bad("DE")]);
    assert_eq!(bench.list()[0].mute.as_deref(), Some("silenced"));
    bench.tick(&rule, 3, vec![well("DE")]);
    bench.wait_until(4 * MINUTE);
    bench.tick(&rule, 5, vec![bad("DE")]);
    assert_eq!(
        bench.said().last().unwrap(),
        "pager trigger open 5xx rate DE 8 % (80 of 1000), limit 5 %"
    );
}

#[test]
fn a_new_rules_past_tells_and_holds_back_nothing() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    let other = prompt(&[("id = \"rate\"", "id = \"other\"")]);
    bench.write(|tx, policy| {
        let silence = silence(&[("country", "DE")], 40 * MINUTE, false);
        silence
            .create(tx, policy, &context(20 * MINUTE))
            .unwrap()
            .unwrap()
    });
    bench.tick(&rule, 100, vec![bad("DE")]);
    assert_eq!(bench.said().len(), 1, "the silence has long ended");
    let past = (30..=100).map(|minute| {
        let rows = vec![if minute < 90 { bad("FR") } else { well("FR") }];
        (tick(minute, Ok(rows)), context(minute * MINUTE))
    });
    let past: Vec<_> = past.collect();
    bench.write(|tx, policy| apply_all(tx, &other, &past, 100 * MINUTE, policy).unwrap());
    assert_eq!(bench.said(), [""; 0], "what came and went is no news");
    let list = bench.list();
    let states: Vec<_> = list
        .iter()
        .map(|one| {
            (
                one.rule.as_str(),
                one.mute.as_deref(),
                one.closed_at.is_some(),
            )
        })
        .collect();
    assert!(states.contains(&("rate", None, false)), "{states:?}");
    assert!(states.contains(&("other", None, true)), "{states:?}");
}

#[test]
fn a_target_that_keeps_track_of_changes_hears_of_rules_and_silences_and_wakes_nobody() {
    let mut bench = Bench::new();
    bench.policy.targets.get_mut("pager").unwrap().changes = true;
    let (first, second) = (prompt(&[]), prompt(&[("\"5m\"", "\"10m\"")]));
    let note = |bench: &mut Bench, rules: &[AlertRule]| {
        bench
            .write(|tx, policy| note_versions(tx, rules, policy, &context(1)))
            .unwrap();
        bench.said()
    };
    assert_eq!(
        note(&mut bench, std::slice::from_ref(&first)),
        [""; 0],
        "nothing is known before"
    );
    assert_eq!(note(&mut bench, std::slice::from_ref(&first)), [""; 0]);
    let changed = format!(
        "pager digest deploy rule rate has changed (version {})",
        second.version()
    );
    assert_eq!(note(&mut bench, std::slice::from_ref(&second)), [changed]);
    // Back to a version of before is a change too.
    let back = format!(
        "pager digest deploy rule rate has changed (version {})",
        first.version()
    );
    assert_eq!(note(&mut bench, std::slice::from_ref(&first)), [back]);
    assert_eq!(
        note(&mut bench, &[]),
        ["pager digest deploy rule rate is not in use any more"]
    );
    let id = bench.write(|tx, policy| {
        let silence = silence(&[("country", "DE"), ("rule", "rate")], MINUTE, false);
        silence.create(tx, policy, &context(1)).unwrap().unwrap()
    });
    bench.write(|tx, policy| {
        mute::end_silence(tx, &id, "leo", policy, &context(2)).unwrap();
    });
    assert_eq!(
        bench.said(),
        [
            "pager digest deploy mia silenced country DE, rule rate until 1970-01-01T00:01:00.000Z: maintenance",
            "pager digest deploy leo ended the silence of country DE, rule rate",
        ]
    );
}

#[test]
fn a_silence_has_an_end_an_author_and_a_reason() {
    let mut bench = Bench::new();
    let long = silence(&[("rule", "rate")], mute::SILENCE_MAX_US + 2, false);
    let nobody = mute::Silence {
        author: String::new(),
        ..silence(&[("rule", "rate")], MINUTE, false)
    };
    let everything = silence(&[], MINUTE, false);
    let wordy = mute::Silence {
        reason: "x".repeat(2_001),
        ..silence(&[("rule", "rate")], MINUTE, false)
    };
    for silence in [long, nobody, everything, wordy] {
        let outcome = bench.write(|tx, policy| silence.create(tx, policy, &context(1)).unwrap());
        assert!(outcome.is_err());
    }
}

#[test]
fn the_country_holds_back_its_cities_and_ends_none_of_them() {
    let mut bench = Bench::new();
    let country = prompt(&[("id = \"rate\"", "id = \"country\"")]);
    let city = prompt(&[
        ("labels = [\"country\"]", "labels = [\"country\", \"city\"]"),
        ("team = \"web\"", "team = \"city\""),
    ]);
    bench.policy.inhibits = vec![(
        "country".into(),
        Inhibit {
            rule: "rate".into(),
            equal: vec!["country".into()],
        },
    )];
    let in_city = |country: &str| Reading {
        labels: Labels::from([
            ("country".into(), Some(country.into())),
            ("city".into(), Some("X".into())),
        ]),
        ..bad(country)
    };
    bench.tick(&country, 0, vec![bad("DE")]);
    bench.tick(&city, 0, vec![in_city("DE"), in_city("FR")]);
    let said = bench.said();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("X FR"), "{said:?}");
    bench.tick(&country, 1, vec![well("DE")]);
    bench.wait_until(2 * MINUTE);
    let said = bench.said();
    assert!(
        said.iter().any(|line| line.starts_with("pager resolve"))
            && said.iter().any(|line| line.contains("open 5xx rate X DE")),
        "{said:?}"
    );
}

#[test]
fn what_comes_and_goes_stays_open_until_it_is_calm() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    for minute in 0..20 {
        bench.tick(
            &rule,
            minute,
            vec![if minute % 2 == 0 {
                bad("DE")
            } else {
                well("DE")
            }],
        );
    }
    let opens = bench
        .said()
        .iter()
        .filter(|line| line.contains(" open "))
        .count();
    assert_eq!(opens, 4);
    assert!(bench.list()[0].flapping);
    for minute in 20..90 {
        bench.tick(&rule, minute, vec![well("DE")]);
    }
    assert_eq!(bench.list()[0].state, "closed");
    assert_eq!(bench.said().len(), 1, "one resolve");
}

#[test]
fn a_rule_that_is_removed_resolves_what_it_opened() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    bench.said();
    let rules = [rule];
    let mut close = |rules: &[AlertRule]| {
        bench.write(|tx, policy| close_orphans(tx, rules, &context(MINUTE), policy).unwrap())
    };
    assert_eq!((close(&rules), close(&[]), close(&[])), (0, 1, 0));
    assert_eq!(
        bench.said(),
        ["pager resolve resolve 5xx rate DE 8 % (80 of 1000), limit 5 % (rule removed)"]
    );
}

#[test]
fn trigger_and_resolve_that_never_left_are_both_dropped() {
    let mut bench = Bench::new();
    bench.delivers = false;
    let rule = prompt(&[]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    bench.tick(&rule, 1, vec![well("DE")]);
    let left: i64 = bench
        .db
        .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_webhook_means_the_same_however_often_it_comes() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    let key = bench.only().dedup_key;
    let event = |kind: &str| serde_json::json!({"event": {"event_type": kind, "agent": {"summary": "Ada"}, "data": {"incident_key": key}}});
    let mut send = |id: &str, kind: &str| {
        bench.write(|tx, _| people::webhook(tx, id, "pager", &event(kind), MINUTE).unwrap())
    };
    assert_eq!(send("1", "incident.acknowledged"), "acknowledged");
    assert_eq!(send("1", "incident.acknowledged"), "repeated");
    assert_eq!(send("2", "incident.annotated"), "taken note of");
    assert_eq!(send("3", "incident.new_kind"), "taken note of");
    assert_eq!(bench.only().acked_by.as_deref(), Some("Ada"));
    let mut send = |id: &str, kind: &str| {
        bench.write(|tx, _| people::webhook(tx, id, "pager", &event(kind), MINUTE).unwrap())
    };
    assert_eq!(send("4", "incident.resolved"), "resolved");
    assert_eq!(send("5", "incident.resolved"), "taken note of");
    assert_eq!(
        bench.only().close_reason.as_deref(),
        Some("resolved by Ada")
    );
}

#[test]
fn s23_the_lamp_is_small_and_blue_when_nobody_looks() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    let word = |bench: &Bench, minute: i64| lamp(&bench.db, minute * MINUTE).unwrap().state;
    assert_eq!(word(&bench, 0), "blue");
    bench.tick(&rule, 0, vec![well("DE")]);
    assert_eq!(word(&bench, 1), "green");
    bench.tick(&rule, 1, vec![bad("DE")]);
    assert_eq!(word(&bench, 1), "red");
    let id = bench.only().id;
    bench.act(1, |tx| people::acknowledge(tx, &id, ME, MINUTE));
    assert_eq!(word(&bench, 2), "orange");
    assert_eq!(word(&bench, 20), "blue");
    let text = serde_json::json!(lamp(&bench.db, 0).unwrap()).to_string();
    assert!(text.len() < 1024);
}

#[test]
fn s18_the_week_has_its_numbers_and_its_ceiling() {
    let mut bench = Bench::new();
    let team = toml::from_str("pages_per_week = 2\nzone = \"UTC\"").unwrap();
    bench.policy.teams = BTreeMap::from([("web".to_owned(), team)]);
    let rule = prompt(&[]);
    for hour in 0..3 {
        let minute = hour * 180;
        bench.tick(&rule, minute, vec![bad("DE")]);
        let id = bench.list()[0].id.clone();
        bench.act(minute + 2, |tx| {
            people::acknowledge(tx, &id, ME, (minute + 2) * MINUTE)
        });
        bench.tick(&rule, minute + 10, vec![well("DE")]);
        let class = if hour == 0 { "action" } else { "no_action" };
        bench.act(minute + 11, |tx| {
            people::classify(tx, &id, class, "", "mia", (minute + 11) * MINUTE)
        });
    }
    let rules = ["rate".to_owned(), "quiet".to_owned()];
    let review = review::review(&bench.db, &bench.policy, &rules, 600 * MINUTE).unwrap();
    let team = &review.teams[0];
    assert_eq!(
        (
            team.incidents,
            team.pages,
            team.night_pages,
            team.never_acknowledged
        ),
        (3, 3, 3, 0)
    );
    assert_eq!(
        (team.mtta.median_s, team.mttr.p90_s, team.mtta.n),
        (Some(120.0), Some(600.0), 3)
    );
    assert_eq!((team.actionable.k, team.actionable.n), (1, 3));
    assert_eq!(
        review.debriefs,
        ["web: 3 pages, ceiling 2: talk about which rules to change"]
    );
    assert_eq!(review.silent_rules, ["quiet"]);
    assert_eq!(review.week, "1970-W01");
    assert_eq!(
        (
            review.responders[0].name.as_str(),
            review.responders[0].interval.is_some()
        ),
        ("mia", true)
    );
    assert_eq!(review::observed_ppv(&bench.db, "rate").unwrap().k, 1);
}

#[test]
fn ticks_are_aligned_and_made_up_for_an_hour_at_most() {
    let every = |eval: &str| prompt(&[("every = \"1m\"", eval)]).eval;
    let minute = every("every = \"1m\"");
    assert_eq!(
        due_ticks(Some(MINUTE), 3 * MINUTE + 5, &minute),
        [2 * MINUTE, 3 * MINUTE]
    );
    assert!(due_ticks(Some(3 * MINUTE), 3 * MINUTE + 5, &minute).is_empty());
    assert_eq!(due_ticks(None, 100 * MINUTE, &minute).len(), 61);
    assert_eq!(due_ticks(Some(0), 1000 * MINUTE, &minute).len(), 61);
    assert!(due_ticks(Some(5 * MINUTE), MINUTE, &minute).is_empty());
    // At two past, and every five minutes from there.
    let later = every("every = \"5m\", offset = \"2m\"");
    assert_eq!(
        due_ticks(Some(2 * MINUTE), 13 * MINUTE, &later),
        [7 * MINUTE, 12 * MINUTE]
    );
    // A rule whose offset was changed goes on from the tick it has seen.
    assert_eq!(
        due_ticks(Some(10 * MINUTE), 13 * MINUTE, &later),
        [12 * MINUTE]
    );
}

#[test]
fn the_shipped_rules_pass_their_tests() {
    let (rules, _) = crate::rule::read_all(std::path::Path::new("no such folder"));
    let mut n_cases = 0;
    for entry in std::fs::read_dir("queries/alerts/tests").unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let case: case::Case = toml::from_str(&text).unwrap();
        let rule = rules.iter().find(|rule| rule.id == case.rule).unwrap();
        let wrong = case::run(&case, rule, &Policy::default()).unwrap();
        assert!(wrong.is_empty(), "{wrong:#?}");
        n_cases += 1;
    }
    assert!(n_cases > 0);
}

#[test]
fn a_test_that_expects_something_else_fails() {
    let text =
        std::fs::read_to_string("queries/alerts/tests/server-error-rate-by-country.toml").unwrap();
    let (rules, _) = crate::rule::read_all(std::path::Path::new("no such folder"));
    for (find, replace) in [
        ("DE = \"pending\"", "DE = \"firing\""),
        ("limit 5 %", "limit 6 %"),
        ("repeat = 5", "repeat = 4"),
    ] {
        assert!(text.contains(find), "{find}");
        let case: case::Case = toml::from_str(&text.replacen(find, replace, 1)).unwrap();
        let rule = rules.iter().find(|rule| rule.id == case.rule).unwrap();
        assert!(
            !case::run(&case, rule, &Policy::default())
                .unwrap()
                .is_empty(),
            "{find}"
        );
    }
}

/// Rows that come late raise what their windows would have raised, and never take anything back.
#[test]
fn late_rows_open_what_is_still_wrong_and_note_what_is_over() {
    let ticks = |letters: &str| -> Vec<Tick> {
        let rows = letters.chars().map(|letter| match letter {
            'b' => vec![bad("DE")],
            'c' => vec![well("DE")],
            _ => vec![],
        });
        (0..)
            .zip(rows)
            .map(|(minute, rows)| tick(minute, Ok(rows)))
            .collect()
    };
    let rule = rule(&[]);
    // What was seen on time, what the windows hold now, what is said of it, and the note.
    let cases = [
        ("cccccc", "ccbbbb", 1, "late_open"),
        ("mmmmmm", "bbbbbb", 1, "late_open"),
        ("cccccc", "bbbbcccccc", 0, "late_breach"),
        ("cccccc", "ccccbb", 0, ""),
        ("bbbbbb", "cccccc", 0, ""),
        ("bbbbbb", "bbbbbb", 0, ""),
    ];
    for (before, after, n_said, note) in cases {
        let mut bench = Bench::new();
        for tick in ticks(before) {
            bench.take(&rule, &tick);
        }
        let open_before = bench.list().len();
        bench.said();
        let again = ticks(after);
        for _ in 0..2 {
            let context = context(again.last().unwrap().tick_us);
            bench.write(|tx, policy| {
                revise(tx, &rule, &again, &context, context.now_us, policy).unwrap()
            });
        }
        let notes: Vec<String> = bench
            .db
            .prepare("SELECT DISTINCT kind FROM rule_events WHERE kind <> 'near_miss'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert_eq!(bench.said().len(), n_said, "{before} {after}");
        assert_eq!(bench.list().len(), open_before + n_said, "{before} {after}");
        assert_eq!(notes.join(" "), note, "{before} {after}");
    }
}

#[test]
fn a_label_set_that_goes_missing_can_be_an_incident_of_its_own() {
    let mut bench = Bench::new();
    let rule = prompt(&[(
        "hold = {}",
        "hold = { missing_after = 2, missing_as = \"nodata\" }",
    )]);
    bench.tick(&rule, 0, vec![bad("DE"), bad("FR")]);
    bench.wait_until(MINUTE);
    assert_eq!(bench.said().len(), 2);
    bench.tick(&rule, 2, vec![bad("FR")]);
    assert_eq!(bench.said(), [] as [&str; 0]);
    bench.tick(&rule, 3, vec![bad("FR")]);
    bench.wait_until(5 * MINUTE);
    assert_eq!(
        bench.said(),
        ["pager trigger open 5xx rate DE has no row any more"]
    );
    let open = |bench: &Bench| {
        bench
            .list()
            .iter()
            .filter(|one| one.state == "firing")
            .count()
    };
    assert_eq!(open(&bench), 3, "DE itself is held as it was");
    bench.tick(&rule, 6, vec![well("DE"), bad("FR")]);
    assert_eq!(open(&bench), 1);
    // As `hold`, nothing is said and nothing ends.
    let mut bench = Bench::new();
    let rule = prompt(&[(
        "hold = {}",
        "hold = { missing_after = 2, missing_as = \"hold\" }",
    )]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    for minute in 1..10 {
        bench.tick(&rule, minute, vec![well("FR")]);
    }
    assert_eq!(open(&bench), 1);
}

#[test]
fn a_pause_too_long_and_a_leap_of_the_clock_are_told_once_and_wake_nobody() {
    let mut bench = Bench::new();
    let team = toml::from_str("targets = [\"pager\"]").unwrap();
    bench.policy.teams = BTreeMap::from([("web".to_owned(), team)]);
    let rule = prompt(&[]);
    bench.tick(&rule, 0, vec![bad("DE")]);
    bench.said();
    let later = context(200 * MINUTE);
    for expected in [true, false] {
        assert_eq!(
            bench.write(|tx, policy| note_gap(tx, policy, &later).unwrap()),
            expected
        );
    }
    let said = bench.said();
    assert_eq!(said.len(), 1);
    assert!(
        said[0].starts_with("pager digest notice no rule was looked at between"),
        "{said:?}"
    );
    assert!(!bench.write(|tx, policy| note_gap(tx, policy, &context(50 * MINUTE)).unwrap()));
    // An hour back: what lies ahead is forgotten, the incident stays, and the next tick is taken.
    bench.tick(&rule, 60, vec![bad("DE")]);
    let step = clock::Step {
        from_us: 60 * MINUTE,
        to_us: 10 * MINUTE,
    };
    bench.write(|tx, policy| note_step(tx, step, policy, &context(10 * MINUTE)).unwrap());
    assert_eq!(last_tick(&bench.db, "rate").unwrap(), Some(0));
    bench.said();
    bench.tick(&rule, 11, vec![bad("DE")]);
    assert_eq!(
        (bench.said().len(), bench.list().len()),
        (0, 1),
        "no re-fire"
    );
}

#[test]
fn s11_a_page_links_to_its_window_and_its_runbook() {
    let mut bench = Bench::new();
    let rule = prompt(&[]);
    bench.tick(&rule, 10, vec![bad("DE")]);
    let (_, message) = bench.messages_since(0).remove(0);
    let window = format!("from={}&to={}", 5 * 60_000, 10 * 60_000);
    assert!(
        message.client_url.contains(&window),
        "{}",
        message.client_url
    );
    assert_eq!(
        message.runbook_url,
        "http://logs/runbooks/server-error-rate-by-country"
    );
    let without = RULE.replace("runbook = \"server-error-rate-by-country\"", "");
    let error = AlertRule::parse("r.toml", &without)
        .unwrap_err()
        .to_string();
    assert!(error.contains("names a runbook"), "{error}");
}

#[test]
fn s12_the_summary_has_value_threshold_unit_and_sample() {
    let mut bench = Bench::new();
    let rule = prompt(&[("at = 0.05", "at = 0.02"), ("at = 0.03", "at = 0.01")]);
    bench.tick(&rule, 0, vec![reading(Some("DE"), 0.074, 5570)]);
    assert_eq!(
        bench.only().summary,
        "5xx rate DE 7.4 % (412 of 5570), limit 2 %"
    );
    let mut bench = Bench::new();
    bench.tick(
        &rule,
        0,
        vec![reading(Some(&"x".repeat(5000)), 0.074, 5570)],
    );
    let (_, message) = bench.messages_since(0).remove(0);
    assert!(
        message.summary.chars().count() <= 1024,
        "{}",
        message.summary.len()
    );
    assert!(
        message.summary.ends_with("limit 2 %"),
        "{}",
        message.summary
    );
}

/// Incidents of two rules, at night and by day, over two weeks.
fn two_weeks() -> Bench {
    let mut bench = Bench::new();
    let team = toml::from_str("zone = \"UTC\"").unwrap();
    bench.policy.teams = BTreeMap::from([("web".to_owned(), team)]);
    let rules = [prompt(&[]), prompt(&[("id = \"rate\"", "id = \"other\"")])];
    for day in 4..18 {
        let rule = &rules[usize::from(day % 3 == 0)];
        // Three in the morning, and noon.
        for hour in [3, 12] {
            let minute = (day * 24 + hour) * 60;
            bench.tick(rule, minute, vec![bad("DE")]);
            let open = bench.list().into_iter().find(|one| one.state == "firing");
            let id = open.unwrap().id;
            bench.act(minute + 5, |tx| {
                people::acknowledge(tx, &id, ME, (minute + 5) * MINUTE)
            });
            bench.tick(rule, minute + 30, vec![well("DE")]);
        }
    }
    bench
}

#[test]
fn s16_a_report_by_rule_team_and_week_names_the_incidents_and_their_off_hours() {
    let bench = two_weeks();
    let rules = ["rate".to_owned(), "other".to_owned()];
    for (day, n) in [(4, 14), (11, 14)] {
        let review =
            review::review(&bench.db, &bench.policy, &rules, day * 24 * 60 * MINUTE).unwrap();
        assert_eq!(review.teams[0].incidents, n);
        assert_eq!(review.rules.len(), 2);
        for row in &review.rules {
            assert_eq!(row.team, "web");
            assert_eq!(row.night_share.value, Some(0.5), "{row:?}");
            assert_eq!(row.ids.len(), row.incidents);
            for id in &row.ids {
                let one = incident(&bench.db, id).unwrap().unwrap();
                assert_eq!(one.rule, row.rule);
            }
        }
    }
}

#[test]
fn s17_an_incident_is_classed_with_a_note_and_by_whom() {
    let mut bench = two_weeks();
    let ids: Vec<String> = bench.list().into_iter().map(|one| one.id).collect();
    bench.act(99_999, |tx| {
        let mut ids = ids.iter();
        ids.try_for_each(|id| people::classify(tx, id, "tune", "too eager", "mia", MINUTE))
    });
    for one in bench.list() {
        let said = (
            one.class.as_deref(),
            one.class_note.as_deref(),
            one.class_by.as_deref(),
        );
        assert_eq!(said, (Some("tune"), Some("too eager"), Some("mia")));
    }
    let wrong = bench.write(|tx, _| people::classify(tx, &ids[0], "boring", "", "mia", 0));
    assert!(
        wrong
            .unwrap_err()
            .to_string()
            .contains("boring is no class")
    );
}

#[test]
fn s20_precision_has_an_interval_and_its_sample_or_is_unknown() {
    let mut bench = two_weeks();
    let unknown = review::observed_ppv(&bench.db, "rate").unwrap();
    assert_eq!((unknown.value, unknown.n), (None, 0));
    let ids: Vec<String> = bench
        .list()
        .into_iter()
        .filter(|one| one.rule == "rate")
        .map(|one| one.id)
        .collect();
    bench.act(99_999, |tx| {
        let classes = ["action", "no_action", "no_action", "action"];
        let mut pairs = ids.iter().zip(classes);
        pairs.try_for_each(|(id, class)| people::classify(tx, id, class, "", "mia", MINUTE))
    });
    let known = review::observed_ppv(&bench.db, "rate").unwrap();
    assert_eq!((known.k, known.n, known.value), (2, 4, Some(0.5)));
    assert!(known.lo < 0.2 && known.hi > 0.8, "{known:?}");
}

#[test]
fn s28_few_incidents_of_a_responder_have_an_interval_and_many_a_number() {
    let bench = two_weeks();
    let rules = ["rate".to_owned()];
    let week = review::review(&bench.db, &bench.policy, &rules, 4 * 24 * 60 * MINUTE).unwrap();
    assert_eq!(
        (week.responders[0].incidents, week.responders[0].interval),
        (14, None)
    );
    let few = review::review(&bench.db, &bench.policy, &rules, 18 * 24 * 60 * MINUTE).unwrap();
    assert!(few.responders.iter().all(|one| one.interval.is_some()));
}
