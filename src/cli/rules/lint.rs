//! `rule lint`: what is doubtful about rules.

use std::collections::BTreeSet;

use clap::Args;

use super::named;
use crate::alerts::question::lint_question;
use crate::alerts::read_rules;
use crate::cli::connect::saved_queries;
use crate::cli::{DONE, FAILED, Global};
use crate::query::planner::Planner;
use crate::rule::AlertRule;
use crate::rule::lint::{Level, Surroundings, lint};
use crate::server::queries_dir;

#[derive(Debug, Args)]
pub(in crate::cli) struct Lint {
    /// Rules or files of rules [default: all rules]
    rules: Vec<String>,
}

impl Lint {
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) fn run(self, global: &Global) -> anyhow::Result<u8> {
        let (all, problems) = read_rules(&queries_dir(&global.config, &global.data));
        let mut code = DONE;
        let asked = match self.rules.is_empty() {
            true => {
                for problem in &problems {
                    println!("error: {problem}");
                    code = FAILED;
                }
                all
            }
            false => {
                let names = self.rules.iter();
                let broken = |name: &&String| {
                    let file = format!("{name}.toml");
                    problems
                        .iter()
                        .find(|problem| problem.to_string().contains(&file))
                };
                if let Some(problem) = names.clone().find_map(|name| broken(&name)) {
                    println!("error: {problem}");
                    return Ok(FAILED);
                }
                names
                    .map(|name| named(name, &all))
                    .collect::<anyhow::Result<_>>()?
            }
        };
        for (level, line) in findings(global, &Planner::new()?, &asked) {
            println!("{line}");
            if level == Level::Error {
                code = FAILED;
            }
        }
        println!("{} rules looked at", asked.len());
        Ok(code)
    }
}

/// Findings as lines, of the rules that are asked about.
pub(super) fn check(global: &Global, asked: &[AlertRule]) -> anyhow::Result<Vec<String>> {
    let found = findings(global, &Planner::new()?, asked).into_iter();
    Ok(found.map(|(_, line)| line).collect())
}

pub(in crate::cli) fn findings(
    global: &Global,
    planner: &Planner,
    asked: &[AlertRule],
) -> Vec<(Level, String)> {
    let queries = saved_queries(global);
    let (rules, _) = read_rules(&queries_dir(&global.config, &global.data));
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<_>>();
    let targets = names(global.config.targets.keys().collect());
    let teams = names(global.config.teams.keys().collect());
    let around = Surroundings {
        queries: &queries,
        targets: &targets,
        teams: &teams,
        rules: &rules,
        has_runbook: crate::api::has_runbook,
    };
    let of_rule = |rule| {
        let question = lint_question(planner, &queries, rule);
        lint(rule, &around).into_iter().chain(question)
    };
    let found = asked.iter().flat_map(of_rule);
    found
        .map(|finding| {
            let word = if finding.level == Level::Error {
                "error"
            } else {
                "warning"
            };
            (
                finding.level,
                format!("{word}: rule {}: {}", finding.rule, finding.what),
            )
        })
        .collect()
}
