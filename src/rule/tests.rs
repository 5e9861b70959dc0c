//! A rule's file: what is read, refused, and kept when it breaks.

use std::path::Path;

use super::files::who_else_writes;
use super::*;

pub(crate) const RULE: &str = r#"
    id = "rate"
    title = "5xx rate"
    runbook = "server-error-rate-by-country"
    query = { name = "errors_by_country", labels = ["country"], value = "rate", sample = "n", count = "k", min_n = 100, unit = "ratio" }
    eval = { every = "1m", window = "5m" }
    raise = { op = ">", at = 0.05 }
    recover = { op = "<", at = 0.03 }
    hold = { for = "2m", keep_firing_for = "3m", missing_after = 2 }
    route = { severity = "error", service = "shop", team = "web", targets = ["pager"] }
"#;

pub(crate) fn reading(country: Option<&str>, value: f64, n: i64) -> Reading {
    Reading {
        labels: [("country".to_owned(), country.map(str::to_owned))].into(),
        value: Some(value),
        n: Some(n),
        k: Some((value * n as f64).round() as i64),
    }
}

#[track_caller]
fn check(find: &str, replace: &str, expected: &str) {
    assert!(RULE.contains(find));
    let error = AlertRule::parse("r.toml", &RULE.replace(find, replace))
        .unwrap_err()
        .to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn mistakes_are_named() {
    check("title =", "tittle =", "unknown field `tittle`");
    check("at = 0.03", "at = 0.06", "both wrong and well");
    check("op = \"<\"", "op = \">\"", "opposite directions");
    check(
        "every = \"1m\"",
        "every = \"soon\"",
        "soon is no span of time",
    );
    check("sample = \"n\", ", "", "min_n needs `sample`");
    check(
        "team = \"web\"",
        "team = \"\"",
        "names a runbook and a team",
    );
    check("id = \"rate\"", "id = \"a b\"", "may hold letters");
    for every in ["0s", "366d", "1000000000s", "-1s"] {
        let every = format!("every = \"{every}\"");
        let error = AlertRule::parse("r.toml", &RULE.replace("every = \"1m\"", &every));
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("no span of time") || error.contains("between 1s and 1d"),
            "{error}"
        );
    }
    check("for = \"2m\"", "for = \"2s\"", "shorter than eval.every");
    check("window = \"5m\"", "window = \"900d\"", "between 1s and 92d");
}

#[test]
fn a_reading_is_judged_by_value_and_sample() {
    let rule = AlertRule::parse("r.toml", RULE).unwrap();
    let rows = [
        (0.06, 1000, Verdict::Breach),
        (0.05, 1000, Verdict::Band),
        (0.03, 1000, Verdict::Band),
        (0.02, 1000, Verdict::Clear),
        (0.90, 99, Verdict::Band),
        (0.90, 100, Verdict::Breach),
        (f64::NAN, 1000, Verdict::Band),
    ];
    for (value, n, expected) in rows {
        assert_eq!(
            rule.verdict(&reading(Some("DE"), value, n)),
            expected,
            "{value} of {n}"
        );
    }
}

/// Reliability: a bad file never takes a good rule away, and says in which line it is bad.
#[test]
fn a_file_that_breaks_leaves_the_rule_as_it_was() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("alerts")).unwrap();
    let path = dir.path().join("alerts/mine.toml");
    let mut in_use = InUse::default();
    let mut look = |text: &str, mode: u32| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let problems = in_use.update(read_files(dir.path()));
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        (
            in_use.rules().iter().any(|rule| rule.id == "rate"),
            problems.join("; "),
        )
    };
    assert_eq!(look(RULE, 0o600), (true, String::new()));
    let half = RULE.chars().take(RULE.len() / 2).collect::<String>();
    let rows = [
        (half.as_str(), 0o600, "TOML parse error at line"),
        (
            &RULE.replace("title", "tittle"),
            0o600,
            "unknown field `tittle`",
        ),
        (&RULE.replace("\"1m\"", "1"), 0o600, "invalid type"),
        (
            &RULE.replace("\"rate\"\n    title", "\"no-lines\"\n    title"),
            0o600,
            "has the id no-lines too",
        ),
        (RULE, 0o666, "everybody may write"),
        (&" ".repeat(300 << 10), 0o600, "larger than 256 KiB"),
    ];
    for (text, mode, expected) in rows {
        let (is_there, problems) = look(text, mode);
        assert!(is_there, "{expected}");
        assert!(problems.contains(expected), "{expected}: {problems}");
    }
    // A link may lead to a file of the folder, as mounted configuration has it, and not out of it.
    let (mounted, outside) = (
        dir.path().join("alerts/..data"),
        dir.path().join("rate.toml"),
    );
    std::fs::create_dir(&mounted).unwrap();
    for (target, expected) in [(mounted.join("rate.toml"), ""), (outside, "leads out of")] {
        std::fs::write(&target, RULE).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        let problems = in_use.update(read_files(dir.path()));
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.is_empty(), expected.is_empty(), "{problems:?}");
        assert!(problems.concat().contains(expected), "{problems:?}");
        assert!(in_use.rules().iter().any(|rule| rule.id == "rate"));
    }
    std::fs::remove_file(&path).unwrap();
    // A program that starts with a broken file cannot say which rule is gone.
    let mut started = InUse::default();
    std::fs::write(&path, "id = ").unwrap();
    started.update(read_files(dir.path()));
    assert!(started.all().is_none() && !started.rules().is_empty());
    std::fs::write(&path, RULE).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    started.update(read_files(dir.path()));
    assert!(started.all().is_some());
    std::fs::remove_file(&path).unwrap();
    in_use.update(read_files(dir.path()));
    assert!(!in_use.rules().iter().any(|rule| rule.id == "rate"));
}

#[test]
fn who_may_write_a_rule() {
    let rows = [
        (0o644, 1000, 1000, true),
        (0o664, 1000, 1000, true),
        (0o664, 1000, 100, false),
        (0o664, 0, 1000, false),
        (0o646, 1000, 1000, false),
    ];
    for (mode, uid, gid, expected) in rows {
        assert_eq!(
            who_else_writes(mode, uid, gid).is_none(),
            expected,
            "{mode:o} {uid} {gid}"
        );
    }
}

#[test]
fn every_shipped_rule_is_sound_and_has_its_query_and_runbook() {
    let (rules, problems) = read_all(Path::new("no such folder"));
    assert!(problems.is_empty(), "{problems:?}");
    assert!(!rules.is_empty());
    let queries = crate::query::saved::SavedQueries::new(None);
    for rule in rules {
        queries.get(&rule.query.name).unwrap();
        let runbook = format!(
            "{}/docs/runbooks/{}.md",
            env!("CARGO_MANIFEST_DIR"),
            rule.runbook
        );
        assert!(Path::new(&runbook).exists(), "{runbook}");
    }
}
