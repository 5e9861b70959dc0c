//! Whether a rule's question can be asked at all, by planning it.

use super::evaluate::tick_sql;
use crate::query::planner::Planner;
use crate::query::saved::SavedQueries;
use crate::rule::AlertRule;
use crate::rule::lint::{Finding, Level, lint_columns};

/// Why a rule's question cannot be asked; none when it can.
pub fn why_not(planner: &Planner, queries: &SavedQueries, rule: &AlertRule) -> Option<String> {
    match tick_sql(queries, rule, rule.eval.window.0) {
        Err(error) => Some(error.to_string()),
        Ok(_) => {
            let findings = lint_question(planner, queries, rule).into_iter();
            findings.map(|finding| finding.what).next()
        }
    }
}

/// What lint says of a rule's question once it has been planned.
pub fn lint_question(planner: &Planner, queries: &SavedQueries, rule: &AlertRule) -> Vec<Finding> {
    let finding = |field, what| Finding {
        rule: rule.id.clone(),
        level: Level::Error,
        field,
        what,
    };
    let name = &rule.query.name;
    let Ok(query) = queries.get(name) else {
        // Lint has said so.
        return Vec::new();
    };
    let planned = query.bind(&query.samples());
    let given = match planned.and_then(|sql| planner.columns(&sql)) {
        Ok(given) => given,
        Err(error) => {
            let what = format!("query {name} cannot be run: {error}");
            return vec![finding(Some("query.name"), what)];
        }
    };
    let missing = lint_columns(rule, &given);
    if !missing.is_empty() {
        return missing;
    }
    // A parameter that is missing lint has said too.
    let Ok(sql) = tick_sql(queries, rule, rule.eval.window.0) else {
        return Vec::new();
    };
    let error = planner.columns(&sql).err();
    let what = error.map(|error| format!("the question of the rule cannot be run: {error}"));
    what.map(|what| finding(None, what)).into_iter().collect()
}
