//! A model check of the real engine: two label sets, two targets that may lose answers and refuse, people here
//! and there, silences, late and missing rows, a clock that leaps, and a crash before any commit. What the
//! targets hold in the end is what counts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rusqlite::params;

use super::clock::Clock;
use super::mute::Silence;
use super::people::{self, Actor};
use super::*;
use crate::notify::{Action, Notification};
use crate::rule::tests::{RULE, reading};

const MINUTE: i64 = 60_000_000;
/// Two years after the epoch, so that a clock may be set back.
const START_US: i64 = 2 * 365 * 24 * 60 * MINUTE;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A tick with a reading for each of two keys: b breach, c clear, d between, m missing; x fails.
    Tick(char, char),
    /// The same before all rows are in.
    Early(char, char),
    /// The windows of the last ticks gain rows that breach for DE.
    Late,
    /// Every target answers so to the next message of each lane.
    Deliver(Answer),
    /// One of them does, the other is not reached.
    DeliverTo(&'static str, Answer),
    Acknowledge,
    /// By hand here, or over there, with a webhook that comes twice.
    Resolve {
        through: bool,
    },
    /// The wall clock is set so many minutes off.
    Clock(i64),
    Silence,
    EndSilences,
    Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Taken,
    /// Taken, and the answer lost: it will come again.
    Lost,
    /// Not taken.
    Refused,
}

/// The alphabet of the exhaustive check.
const STEPS: [Step; 14] = [
    Step::Tick('b', 'c'),
    Step::Tick('c', 'b'),
    Step::Tick('c', 'c'),
    Step::Tick('x', 'x'),
    Step::Early('c', 'c'),
    Step::Late,
    Step::DeliverTo("pager", Answer::Taken),
    Step::Deliver(Answer::Lost),
    Step::Clock(-60),
    Step::Clock(525_600),
    Step::Acknowledge,
    Step::Resolve { through: true },
    Step::Silence,
    Step::EndSilences,
];

struct World {
    db: Connection,
    rule: AlertRule,
    policy: Policy,
    clock: Clock,
    /// True time since the start, and what the wall clock is off by.
    monotonic_us: i64,
    offset_us: i64,
    now_us: i64,
    /// Ticks with the rows that were seen on time.
    ticks: Vec<Tick>,
    n_webhooks: i64,
    /// What each target holds open: its name and the key.
    open: BTreeSet<(String, String)>,
    /// Messages of each target and key as they were seen there.
    seen: BTreeMap<(String, String), Vec<(Action, i64)>>,
    /// Silences are taken note of or not: they may change messages and nothing else.
    heeds_silences: bool,
}

impl World {
    fn new(heeds_silences: bool) -> Self {
        let text = RULE.replace(
            "hold = { for = \"2m\", keep_firing_for = \"3m\", missing_after = 2 }",
            "hold = { missing_after = 2 }",
        );
        let text = text.replace("every = \"1m\"", "late_horizon = \"10m\", every = \"1m\"");
        let text = text.replace("[\"pager\"]", "[\"pager\", \"chat\"]");
        Self {
            db: in_memory("model").unwrap(),
            rule: AlertRule::parse("r.toml", &text).unwrap(),
            policy: Policy {
                targets: super::tests::pager_and_chat(),
                ..Policy::default()
            },
            clock: Clock::new(None, START_US, 0),
            monotonic_us: 0,
            offset_us: 0,
            now_us: START_US,
            ticks: Vec::new(),
            n_webhooks: 0,
            open: BTreeSet::new(),
            seen: BTreeMap::new(),
            heeds_silences,
        }
    }

    fn context(&self) -> Context {
        Context {
            public_url: "http://logs".into(),
            now_us: self.now_us,
        }
    }

    /// Runs a write, crashes before the commit, and runs it again.
    fn write(&mut self, write: impl Fn(&Transaction<'_>) -> rusqlite::Result<()>) {
        let crashed = self.db.transaction().unwrap();
        write(&crashed).unwrap();
        drop(crashed);
        let tx = self.db.transaction().unwrap();
        write(&tx).unwrap();
        tx.commit().unwrap();
    }

    /// Lets true time pass and looks at the clock every half minute, as the loop does.
    fn pass(&mut self, minutes: i64) {
        for _ in 0..2 * minutes {
            self.monotonic_us += MINUTE / 2;
            let wall_us = START_US + self.monotonic_us + self.offset_us;
            let (now_us, step) = self.clock.read(wall_us, self.monotonic_us);
            self.now_us = now_us;
            if let Some(step) = step {
                let (policy, context) = (self.policy.clone(), self.context());
                self.write(|tx| note_step(tx, step, &policy, &context).map(drop));
                // What lies within a leap is not made up for, and not looked at again.
                self.ticks.clear();
            }
        }
    }

    fn step(&mut self, step: Step) {
        let (policy, rule) = (self.policy.clone(), self.rule.clone());
        match step {
            Step::Tick(a, b) => self.tick(a, b, true),
            Step::Early(a, b) => self.tick(a, b, false),
            Step::Late => self.late(),
            Step::Deliver(answer) => self.deliver(None, answer),
            Step::DeliverTo(target, answer) => self.deliver(Some(target), answer),
            Step::Clock(minutes) => {
                self.offset_us = minutes * MINUTE;
                self.pass(1);
            }
            Step::Acknowledge => self.act(|tx, id, now| people::acknowledge(tx, id, ME, now)),
            Step::Resolve { through: false } => {
                self.act(|tx, id, now| people::resolve(tx, id, ME, now));
            }
            Step::Resolve { through: true } => {
                let Some((_, key)) = self.first_open() else {
                    return;
                };
                // Somebody ends it over there, and a webhook tells us, twice.
                if !self.open.remove(&("pager".to_owned(), key.clone())) {
                    return;
                }
                self.n_webhooks += 1;
                let (context, id) = (self.context(), self.n_webhooks.to_string());
                let event = serde_json::json!({"event": {"event_type": "incident.resolved", "data": {"incident_key": key}}});
                for _ in 0..2 {
                    self.write(|tx| {
                        people::webhook(tx, &id, "pager", &event, context.now_us).unwrap();
                        settle(tx, &policy, &context)
                    });
                }
            }
            Step::Silence if self.heeds_silences => {
                let silence = Silence {
                    id: String::new(),
                    matchers: [("rule".to_owned(), rule.id)].into(),
                    author: "mia".into(),
                    reason: "model".into(),
                    created_us: self.now_us,
                    expires_us: self.now_us + 5 * MINUTE,
                    until_clear: false,
                    ended_us: None,
                };
                let context = self.context();
                self.write(|tx| {
                    silence.clone().create(tx, &policy, &context)?.unwrap();
                    settle(tx, &policy, &context)
                });
            }
            Step::Silence => {}
            Step::EndSilences => {
                let context = self.context();
                self.write(|tx| {
                    tx.execute(
                        "UPDATE silences SET ended_us = ?1 WHERE ended_us IS NULL",
                        [context.now_us],
                    )?;
                    settle(tx, &policy, &context)
                });
            }
            Step::Wait => {
                self.pass(10);
                let context = self.context();
                self.write(|tx| settle(tx, &policy, &context));
            }
        }
        self.check();
    }

    fn tick(&mut self, a: char, b: char, is_complete: bool) {
        self.pass(1);
        let tick_us = self.now_us / MINUTE * MINUTE;
        if self
            .ticks
            .last()
            .is_some_and(|last| last.tick_us >= tick_us)
        {
            // Time stands still until a clock that was set back a little has caught up.
            return;
        }
        let row = |country: &str, letter: char| match letter {
            'b' => Some(reading(Some(country), 0.08, 1000)),
            'c' => Some(reading(Some(country), 0.01, 1000)),
            'd' => Some(reading(Some(country), 0.04, 1000)),
            _ => None,
        };
        let rows = [row("DE", a), row("FR", b)].into_iter().flatten().collect();
        let tick = Tick {
            tick_us,
            is_complete,
            outcome: if a == 'x' {
                Err("model".into())
            } else {
                Ok(rows)
            },
            eval_us: 0,
        };
        let (context, policy, rule) = (self.context(), self.policy.clone(), self.rule.clone());
        self.write(|tx| apply(tx, &rule, &tick, &context, &policy).map(drop));
        self.ticks.push(tick);
    }

    /// Rows arrive for the last three windows, in which DE breached all along.
    fn late(&mut self) {
        let Some(last) = self.ticks.len().checked_sub(1) else {
            return;
        };
        for tick in self.ticks.iter_mut().skip(last.saturating_sub(2)) {
            if let Ok(rows) = &mut tick.outcome {
                rows.retain(|reading| reading.labels["country"].as_deref() != Some("DE"));
                rows.push(reading(Some("DE"), 0.08, 1000));
            }
        }
        let ticks: Vec<Tick> = self.ticks.iter().rev().take(10).rev().cloned().collect();
        let (context, policy, rule) = (self.context(), self.policy.clone(), self.rule.clone());
        for _ in 0..2 {
            self.write(|tx| revise(tx, &rule, &ticks, &context, context.now_us, &policy).map(drop));
        }
    }

    fn first_open(&self) -> Option<(String, String)> {
        let list = incidents(&self.db).unwrap();
        let open = list
            .into_iter()
            .find(|one| one.state != "closed" && one.kind == "value");
        open.map(|one| (one.id, one.dedup_key))
    }

    fn act(
        &mut self,
        act: impl Fn(&Transaction<'_>, &str, i64) -> Result<(), people::PeopleError>,
    ) {
        let Some((id, _)) = self.first_open() else {
            return;
        };
        let (context, policy) = (self.context(), self.policy.clone());
        self.write(|tx| {
            act(tx, &id, context.now_us).unwrap();
            settle(tx, &policy, &context)
        });
    }

    /// The next message of each lane, as the dispatcher picks them.
    fn deliver(&mut self, only: Option<&str>, answer: Answer) {
        let busy_targets: Vec<String> = ["pager", "chat"]
            .iter()
            .filter(|target| only.is_some_and(|only| only != **target))
            .map(|target| (*target).to_owned())
            .collect();
        let (mut lanes, mut due) = (BTreeSet::new(), Vec::new());
        // What is put off is due by now.
        while let Some(next) =
            outbox::next_due(&self.db, i64::MAX / 2, &lanes, &busy_targets).unwrap()
        {
            lanes.insert(next.lane());
            due.push((next.message_id, next.target, next.body));
        }
        for (id, target, body) in due {
            let message: Notification = serde_json::from_str(&body).unwrap();
            let status = if answer == Answer::Taken {
                "delivered"
            } else {
                "queued"
            };
            self.db
                .execute("UPDATE outbox SET n_attempts = n_attempts + 1, status = ?2 WHERE message_id = ?1", params![id, status])
                .unwrap();
            if answer == Answer::Refused {
                continue;
            }
            if message.action == Action::Digest {
                continue;
            }
            let lane = (target, message.dedup_key);
            match message.action {
                Action::Trigger => drop(self.open.insert(lane.clone())),
                Action::Resolve => drop(self.open.remove(&lane)),
                _ => {}
            }
            self.seen
                .entry(lane)
                .or_default()
                .push((message.action, message.seq));
        }
    }

    /// What holds after every step.
    fn check(&self) {
        let open = incidents(&self.db).unwrap();
        let keys: Vec<&String> = open
            .iter()
            .filter(|one| one.state != "closed")
            .map(|one| &one.dedup_key)
            .collect();
        let distinct: BTreeSet<&&String> = keys.iter().collect();
        assert_eq!(keys.len(), distinct.len(), "one open episode a key");
        for messages in self.seen.values() {
            assert!(
                messages.is_sorted_by_key(|(_, seq)| *seq),
                "in order: {messages:?}"
            );
            assert_eq!(
                messages[0].0,
                Action::Trigger,
                "no resolve before a trigger: {messages:?}"
            );
        }
    }

    /// All becomes well, nothing is held back, and the pager takes everything: it holds nothing open.
    fn calm(&mut self) {
        self.step(Step::EndSilences);
        self.offset_us = 0;
        self.pass(3);
        for _ in 0..3 {
            self.step(Step::Tick('c', 'c'));
        }
        for _ in 0..90 {
            if self.first_open().is_none() {
                break;
            }
            self.step(Step::Tick('c', 'c'));
        }
        for _ in 0..20 {
            self.step(Step::Wait);
            self.deliver(None, Answer::Taken);
        }
        assert_eq!(self.open, BTreeSet::new(), "{:#?}", self.seen);
        assert!(self.first_open().is_none());
    }

    /// What the engine knows, without its clock.
    fn state(&self) -> String {
        let list = |sql: &str| -> Vec<String> {
            let mut statement = self.db.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<rusqlite::Result<_>>().unwrap()
        };
        let parts = [
            list("SELECT kind || labels || phase || ticks || n_missing FROM instances ORDER BY 1"),
            list(
                "SELECT labels || state || coalesce(mute, '') || (acked_us IS NULL) || news FROM incidents ORDER BY opened_us, labels",
            ),
            list(
                "SELECT action || target || dedup_key || status || min(n_attempts, 1) FROM outbox ORDER BY rowid",
            ),
            list("SELECT target || dedup_key FROM owed ORDER BY 1"),
        ];
        format!("{parts:?}{:?}", self.open)
    }

    fn phases(&self) -> Vec<String> {
        let mut statement = self
            .db
            .prepare("SELECT kind || labels || phase || ticks FROM instances ORDER BY 1")
            .unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }
}

const ME: Actor<'static> = Actor {
    name: "mia",
    through: None,
};

/// Every sequence of a few steps, each carried on to calm.
#[test]
#[expect(
    clippy::print_stderr,
    reason = "how much was looked at is part of the result"
)]
fn every_short_story_ends_with_nothing_open() {
    const LENGTH: u32 = 3;
    let n = STEPS.len();
    let mut states = BTreeSet::new();
    for story in 0..n.pow(LENGTH) {
        let mut world = World::new(true);
        // What goes before makes the stories worth telling: something is open and told.
        world.step(Step::Tick('b', 'c'));
        world.step(Step::Deliver(Answer::Taken));
        for at in 0..LENGTH {
            world.step(STEPS[story / n.pow(at) % n]);
            states.insert(world.state());
        }
        world.calm();
    }
    eprintln!(
        "model check: {} stories, {} states",
        n.pow(LENGTH),
        states.len()
    );
    assert!(states.len() > 100);
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let letter = || prop::sample::select(vec!['b', 'b', 'c', 'd', 'm']);
    let step = prop_oneof![
        4 => (letter(), letter()).prop_map(|(a, b)| Step::Tick(a, b)),
        1 => (letter(), letter()).prop_map(|(a, b)| Step::Early(a, b)),
        1 => Just(Step::Tick('x', 'x')),
        2 => Just(Step::Deliver(Answer::Taken)),
        1 => Just(Step::Deliver(Answer::Lost)),
        1 => Just(Step::Deliver(Answer::Refused)),
        1 => Just(Step::DeliverTo("pager", Answer::Taken)),
        1 => Just(Step::DeliverTo("chat", Answer::Lost)),
        1 => Just(Step::Late),
        1 => prop::sample::select(vec![-60, 0, 525_600]).prop_map(Step::Clock),
        1 => Just(Step::Acknowledge),
        1 => any::<bool>().prop_map(|through| Step::Resolve { through }),
        1 => Just(Step::Silence),
        1 => Just(Step::EndSilences),
        1 => Just(Step::Wait),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_long_story_ends_with_nothing_open(steps in steps()) {
        let mut world = World::new(true);
        for step in steps {
            world.step(step);
        }
        world.calm();
    }

    /// Silences change who is told, never what is so.
    #[test]
    fn silences_move_no_state(steps in steps()) {
        let (mut with, mut without) = (World::new(true), World::new(false));
        for step in steps.into_iter().filter(|step| !matches!(step, Step::Resolve { .. })) {
            with.step(step);
            without.step(step);
            prop_assert_eq!(with.phases(), without.phases());
        }
    }

    /// A value that stays between the thresholds moves nothing after the first tick.
    #[test]
    fn the_band_is_still(steps in steps(), n in 1..8) {
        let mut world = World::new(true);
        steps.into_iter().for_each(|step| world.step(step));
        world.step(Step::Tick('d', 'd'));
        let settled = world.phases();
        for _ in 0..n {
            world.step(Step::Tick('d', 'd'));
        }
        let is_error = |phase: &String| !phase.starts_with("error");
        prop_assert_eq!(settled.into_iter().filter(is_error).collect::<Vec<_>>(), world.phases());
    }
}
