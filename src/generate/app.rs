//! The shop program's own log, a JSON object a line.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::{Moment, US_PER_MINUTE, stamp, story};

pub(super) fn line(moment: &Moment<'_>, random: &mut ChaCha8Rng) -> String {
    let order: u32 = random.random_range(100_000..999_999);
    let duration_ms: u32 = random.random_range(20..400);
    let (level, message, rest) = match story::is_maintenance(moment.us, moment.end_us) {
        true => maintenance(moment, order, random),
        false => match random.random_range(0..1000) {
            0..4 => (
                "error",
                "payment gateway timed out".to_owned(),
                json!({"order": order}),
            ),
            4..30 => (
                "warn",
                "stock is low".to_owned(),
                json!({"product": order % 300 + 100}),
            ),
            _ => (
                "info",
                "order placed".to_owned(),
                json!({"order": order, "duration_ms": duration_ms}),
            ),
        },
    };
    let mut object = json!({"time": stamp(moment.us), "level": level, "msg": message, "service": "shop", "host": moment.host});
    if let (Value::Object(object), Value::Object(rest)) = (&mut object, rest) {
        object.extend(rest);
    }
    object.to_string()
}

/// While the backup runs, the queue for a worker is long.
fn maintenance(
    moment: &Moment<'_>,
    order: u32,
    random: &mut ChaCha8Rng,
) -> (&'static str, String, Value) {
    let (from, to) = story::maintenance(moment.end_us);
    if moment.us - from < US_PER_MINUTE {
        return (
            "info",
            "backup job started".into(),
            json!({"job": "nightly-backup"}),
        );
    }
    if to - moment.us < US_PER_MINUTE / 2 {
        return (
            "info",
            "backup job finished".into(),
            json!({"job": "nightly-backup"}),
        );
    }
    match random.random_range(0..10) {
        0..2 => (
            "error",
            "no free worker within 10 s".into(),
            json!({"order": order, "duration_ms": 10_000}),
        ),
        2..4 => (
            "warn",
            "backup job is using all workers' CPU".into(),
            json!({"job": "nightly-backup"}),
        ),
        _ => (
            "info",
            "order placed".into(),
            json!({"order": order, "duration_ms": random.random_range(800..6_000)}),
        ),
    }
}
