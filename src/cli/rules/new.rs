//! `rule new`: a rule's file from a few words.

use anyhow::Context;
use clap::Args;
use serde_json::json;

use super::lint::check;
use super::number;
use crate::cli::{DONE, Global, UsageError};
use crate::rule::AlertRule;
use crate::server::queries_dir;

/// Example:
///   logatlas rule new de-errors --query errors_by_country --raise 2% --recover 1% --for 5m --min-n 200 --team web
/// writes DATA/queries/alerts/de-errors.toml, which is yours to edit.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct New {
    /// Its name: letters, digits and -
    id: String,
    /// The saved query that measures; `logatlas query` lists them
    #[arg(long, default_value = "errors_by_country")]
    query: String,
    /// Columns that tell instances apart
    #[arg(long = "by", value_name = "COLUMN", default_value = "country")]
    labels: Vec<String>,
    /// The column that is compared
    #[arg(long, default_value = "rate")]
    value: String,
    /// The column with the size of the sample
    #[arg(long, default_value = "n")]
    sample: String,
    /// The column with the numerator
    #[arg(long, default_value = "k")]
    count: String,
    /// What is measured, in the words of a page
    #[arg(long, default_value = "5xx rate")]
    title: String,
    /// Above this it is wrong: a number, or a share such as 2%
    #[arg(long)]
    raise: String,
    /// Below this it is well again
    #[arg(long, visible_alias = "clear")]
    recover: String,
    /// How long it has to be wrong before anybody is told
    #[arg(long = "for", default_value = "5m")]
    pending: String,
    #[arg(long, default_value = "1m")]
    every: String,
    #[arg(long, default_value = "5m")]
    window: String,
    /// With fewer than this nothing is decided
    #[arg(long, default_value_t = 100)]
    min_n: i64,
    #[arg(long, default_value = "warning")]
    severity: String,
    #[arg(long, default_value = "web")]
    service: String,
    #[arg(long, default_value = "")]
    team: String,
    /// Targets of the settings; the team's when none is named
    #[arg(long)]
    target: Vec<String>,
    /// A link, or a page of docs/runbooks
    #[arg(long, default_value = "")]
    runbook: String,
}

impl New {
    fn text(&self) -> Result<String, UsageError> {
        let ((raise, is_share), (recover, _)) = (number(&self.raise)?, number(&self.recover)?);
        let unit = if is_share || self.value == "rate" {
            "ratio"
        } else {
            "count"
        };
        let (above, below) = if raise >= recover {
            (">", "<")
        } else {
            ("<", ">")
        };
        let list = |names: &[String]| json!(names).to_string();
        let quote = |text: &str| json!(text).to_string();
        Ok(format!(
            "id = {}\ntitle = {}\nrunbook = {}\n\n[query]\nname = {}\nlabels = {}\nvalue = {}\nsample = {}\ncount = {}\nmin_n = {}\nunit = \"{unit}\"\n\n\
             [eval]\nevery = {}\nwindow = {}\nlate_horizon = \"15m\"\n\n[raise]\nop = \"{above}\"\nat = {raise:?}\n\n[recover]\nop = \"{below}\"\nat = {recover:?}\n\n\
             [hold]\nfor = {}\nmissing_after = 3\n\n[route]\nseverity = {}\nservice = {}\nteam = {}\ntargets = {}\n",
            quote(&self.id),
            quote(&self.title),
            quote(&self.runbook),
            quote(&self.query),
            list(&self.labels),
            quote(&self.value),
            quote(&self.sample),
            quote(&self.count),
            self.min_n,
            quote(&self.every),
            quote(&self.window),
            quote(&self.pending),
            quote(&self.severity),
            quote(&self.service),
            quote(&self.team),
            list(&self.target),
        ))
    }

    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub(super) fn run(self, global: &Global) -> anyhow::Result<u8> {
        let text = self.text()?;
        let rule =
            AlertRule::parse(&self.id, &text).map_err(|error| UsageError(error.to_string()))?;
        let dir = queries_dir(&global.config, &global.data).join("alerts");
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let path = dir.join(format!("{}.toml", self.id));
        if path.exists() {
            return Err(UsageError(format!("{} is there already", path.display())).into());
        }
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
        for finding in check(global, std::slice::from_ref(&rule))? {
            println!("{finding}");
        }
        let side = |is_upward| if is_upward { "above" } else { "below" };
        println!(
            "wrong {} {}, well again {} {}; severity {}{}",
            side(rule.raise.is_upward()),
            self.raise,
            side(rule.recover.is_upward()),
            self.recover,
            self.severity,
            match rule.route.severity.is_urgent() {
                true => ": it may wake people",
                false => ": it wakes nobody, and waits through quiet hours",
            }
        );
        println!(
            "\nnext: logatlas rule backtest {0}; logatlas rule fire {0}",
            self.id
        );
        Ok(DONE)
    }
}
