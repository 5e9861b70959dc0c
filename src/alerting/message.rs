//! The words of a page, and where its links lead.

use super::key::KeyKind;
use crate::notify::shorten;
use crate::rule::{AlertRule, Labels, Reading, Unit, Verdict, nameless};

/// Of a label's value, in a summary of 1024 characters that has several.
const LABEL_CHARS_MAX: usize = 100;
/// Of an error.
const WHY_CHARS_MAX: usize = 300;

/// `5xx rate DE 7.4 % (412 of 5570), limit 5 %`; of several members their number and the worst.
///
/// `why` is the error of a query that fails.
pub(super) fn summary(
    rule: &AlertRule,
    kind: KeyKind,
    readings: &[&Reading],
    why: Option<&str>,
) -> String {
    let Some(worst) = readings.first() else {
        return rule.title.clone();
    };
    let count = worst.value.unwrap_or(0.0);
    match kind {
        KeyKind::NoData if worst.labels.is_empty() => {
            return format!("{}: no data, the query returns nothing", rule.title);
        }
        KeyKind::NoData => {
            let place = place(&worst.labels);
            return format!("{} {place}has no row any more", rule.title);
        }
        KeyKind::Error => {
            let why = why.map(|why| format!(": {}", shorten(why, WHY_CHARS_MAX)));
            let why = why.unwrap_or_default();
            return format!("{}: the query fails, nothing is judged{why}", rule.title);
        }
        KeyKind::Overflow => {
            return format!(
                "{}: {count} more breach than the {} the rule may follow",
                rule.title, rule.limits.max_keys
            );
        }
        _ => {}
    }
    let one = format!("{}{}", place(&worst.labels), measure(rule, worst));
    let limit = limit(rule, worst);
    match readings.len() {
        1 => format!("{} {one}, {limit}", rule.title),
        n => {
            let names = rule.query.labels.join(", ");
            format!(
                "{}: {n} by {names} at once, worst {one}, {limit}",
                rule.title
            )
        }
    }
}

/// `limit 5 %`; of a value that is not past it any more, `recovers below 3 %`.
fn limit(rule: &AlertRule, reading: &Reading) -> String {
    let unit = rule.query.unit();
    match rule.verdict(reading) {
        Verdict::Band | Verdict::Clear => {
            let side = match rule.raise.is_upward() {
                true => "below",
                false => "above",
            };
            format!("recovers {side} {}", show(unit, rule.recover.at))
        }
        _ => format!("limit {}", show(unit, rule.raise.at)),
    }
}

/// `7.4 % (412 of 5570)`
fn measure(rule: &AlertRule, reading: &Reading) -> String {
    let value = reading
        .value
        .map_or("no value".into(), |value| show(rule.query.unit(), value));
    match (reading.k, reading.n) {
        (Some(k), Some(n)) => format!("{value} ({k} of {n})"),
        (None, Some(n)) => format!("{value} (n = {n})"),
        _ => value,
    }
}

/// A value in its unit, as people read it.
pub(crate) fn show(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Ratio => format!("{} %", trim_zeros(value * 100.0)),
        Unit::Percent => format!("{} %", trim_zeros(value)),
        Unit::Times => format!("{} times the usual", trim_zeros(value)),
        Unit::Seconds => format!("{} s", trim_zeros(value)),
        Unit::Count => trim_zeros(value),
    }
}

/// One decimal, and two for what would otherwise read as nothing.
fn trim_zeros(value: f64) -> String {
    let text = if value != 0.0 && value.abs() < 0.1 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// The label values with a space behind, none without labels.
pub(super) fn place(labels: &Labels) -> String {
    let values = labels.iter().map(|(name, value)| {
        let value = value.as_deref().unwrap_or(nameless(name));
        format!("{} ", shorten(value, LABEL_CHARS_MAX))
    });
    values.collect()
}

/// The map at the window, place and part of the requests that the incident is about.
pub(super) fn client_url(public_url: &str, (from, to): (i64, i64), labels: &Labels) -> String {
    let mut url = format!(
        "{public_url}/map?from={}&to={}&metric=rate",
        from / 1000,
        to / 1000
    );
    let parts = ["country", "region", "city"].map(|name| labels.get(name).cloned().flatten());
    let place: Vec<String> = parts
        .into_iter()
        .map_while(|part| part)
        .map(|part| url::form_urlencoded::byte_serialize(part.as_bytes()).collect())
        .collect();
    if !place.is_empty() {
        url.push_str(&format!("&place={}", place.join("/")));
    }
    for name in ["service", "host", "path", "as_org"] {
        if let Some(value) = labels.get(name).and_then(Option::as_deref) {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            url.push_str(&format!("&{name}={value}"));
        }
    }
    url
}

pub(crate) fn runbook_url(public_url: &str, runbook: &str) -> String {
    match runbook.starts_with("http") || runbook.is_empty() {
        true => runbook.to_owned(),
        false => format!("{public_url}/runbooks/{runbook}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_people_read_them() {
        let rows = [
            (Unit::Ratio, 0.074, "7.4 %"),
            (Unit::Ratio, 0.05, "5 %"),
            (Unit::Ratio, 0.0004, "0.04 %"),
            (Unit::Count, 120.0, "120"),
            (Unit::Count, 0.0, "0"),
            (Unit::Times, 6.25, "6.2 times the usual"),
            (Unit::Seconds, 90.0, "90 s"),
            (Unit::Percent, 97.5, "97.5 %"),
        ];
        for (unit, value, expected) in rows {
            assert_eq!(show(unit, value), expected);
        }
    }
}
