//! Which program sent a request: `browser`, `os`, `is_bot`.
//!
//! The `ua-parser` crate with the expressions of uap-core, which many log tools share, so names
//! agree between them. Loading takes some 35 ms and 11 MB and waits for the first agent; a known
//! agent costs one look into a hash table.

use std::io::Read;
use std::sync::{Arc, OnceLock};

use ahash::AHashMap;
use ua_parser::{Extractor, Regexes};

use super::{AnswerId, Enricher};

/// Made from npm `uap-core` by `data/ua/pack.py`.
const REGEXES: &[u8] = include_bytes!("../../data/ua/regexes.json.zst");
/// The expressions take some 50 kB.
const REGEXES_BYTES_MAX: u64 = 4 << 20;
/// Distinct agents remembered; busy sites see a few thousand a day.
const AGENTS_MAX: usize = 20_000;
/// Longer agents are judged by their beginning: matching time grows with the length.
const AGENT_BYTES_MAX: usize = 512;
/// Distinct answers; some expressions take the name from the text, so a sender could invent more.
const ANSWERS_MAX: usize = 10_000;

/// What an agent text says of its program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Agent {
    /// Family, such as `Firefox` or `curl`.
    pub browser: Option<Arc<str>>,
    /// Family, such as `Windows` or `Android`.
    pub os: Option<Arc<str>>,
    /// Whether it is a crawler or a monitor; null when there was no agent.
    pub is_bot: Option<bool>,
}

/// A worker's table of agents.
#[derive(Default)]
pub struct Agents {
    by_text: AHashMap<Box<str>, AnswerId>,
    by_answer: AHashMap<Agent, AnswerId>,
    answers: Vec<Agent>,
}

impl Agents {
    /// Makes an empty table; the expressions are loaded when the first agent comes.
    pub fn new() -> Self {
        Self {
            answers: vec![Agent::default()],
            ..Self::default()
        }
    }

    fn number(&mut self, agent: Agent) -> AnswerId {
        if let Some(id) = self.by_answer.get(&agent) {
            return *id;
        }
        if self.answers.len() >= ANSWERS_MAX {
            return AnswerId::UNKNOWN;
        }
        let id = AnswerId::new(self.answers.len());
        self.answers.push(agent.clone());
        self.by_answer.insert(agent, id);
        id
    }
}

impl Enricher for Agents {
    type Key<'a> = Option<&'a str>;
    type Answer = Agent;

    fn columns(&self) -> &'static [&'static str] {
        &["browser", "os", "is_bot"]
    }

    fn find(&mut self, text: Option<&str>) -> AnswerId {
        let text = text.unwrap_or_default().trim();
        let text = &text
            .get(..text.floor_char_boundary(AGENT_BYTES_MAX))
            .unwrap_or_default();
        if text.is_empty() || *text == "-" {
            return AnswerId::UNKNOWN;
        }
        if let Some(id) = self.by_text.get(*text) {
            return *id;
        }
        let agent = read(text);
        let id = self.number(agent);
        if self.by_text.len() < AGENTS_MAX {
            self.by_text.insert(Box::from(*text), id);
        }
        id
    }

    fn answer(&self, id: AnswerId) -> &Agent {
        static UNKNOWN: Agent = Agent {
            browser: None,
            os: None,
            is_bot: None,
        };
        self.answers.get(id.index()).unwrap_or(&UNKNOWN)
    }

    fn refresh(&mut self) -> bool {
        let full = self.by_text.len() >= AGENTS_MAX || self.answers.len() >= ANSWERS_MAX;
        if full {
            *self = Self::new();
        }
        full
    }
}

/// Reads an agent text that is not empty.
fn read(text: &str) -> Agent {
    static LIBRARY: OnceLock<Option<Extractor<'static>>> = OnceLock::new();
    let Some(library) = LIBRARY.get_or_init(load) else {
        return Agent::default();
    };
    let (browser, os, spider) = library.extract(text);
    // The packed devices are spiders alone. An address of who to complain to is a robot's courtesy
    // that no browser shows.
    let is_bot = spider.is_some() || text.contains("+http");
    let known = |family: &str| (!matches!(family, "" | "Other")).then(|| Arc::from(family));
    Agent {
        browser: browser.and_then(|browser| known(&browser.family)),
        os: os.and_then(|os| known(&os.os)),
        is_bot: Some(is_bot),
    }
}

/// Returns nothing when the embedded expressions do not compile, which a test rules out.
fn load() -> Option<Extractor<'static>> {
    let mut json = Vec::new();
    let decoder = zstd::Decoder::new(REGEXES).ok()?;
    decoder
        .take(REGEXES_BYTES_MAX)
        .read_to_end(&mut json)
        .ok()?;
    let regexes: Regexes<'static> = serde_json::from_slice(&json).ok()?;
    Extractor::try_from(regexes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, browser: Option<&str>, os: Option<&str>, is_bot: Option<bool>) {
        let mut agents = Agents::new();
        let id = agents.find(Some(text));
        assert_eq!(agents.find(Some(text)), id);
        let agent = agents.answer(id);
        let got = (agent.browser.as_deref(), agent.os.as_deref(), agent.is_bot);
        assert_eq!(got, (browser, os, is_bot));
    }

    #[test]
    fn the_embedded_expressions_load() {
        assert!(load().is_some());
    }

    #[test]
    fn browsers_systems_and_robots_are_told_apart() {
        let chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
        check(
            &format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {chrome}"),
            Some("Chrome"),
            Some("Windows"),
            Some(false),
        );
        check(
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
            Some("Firefox"),
            Some("Ubuntu"),
            Some(false),
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            Some("Mobile Safari"),
            Some("iOS"),
            Some(false),
        );
        check(
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            Some("Googlebot"),
            None,
            Some(true),
        );
        check(
            "uptime-watch/1.0 (+https://example.org/about)",
            None,
            None,
            Some(true),
        );
        check("curl/8.9.1", Some("curl"), None, Some(false));
        check("no program that anyone knows", None, None, Some(false));
    }

    #[test]
    fn no_agent_says_nothing() {
        check("", None, None, None);
        check("-", None, None, None);
        check("  ", None, None, None);
        assert_eq!(Agents::new().find(None), AnswerId::UNKNOWN);
    }

    #[test]
    fn equal_answers_share_a_number() {
        let mut agents = Agents::new();
        let first = agents.find(Some("curl/8.9.1"));
        assert_eq!(agents.find(Some("curl/7.0.0")), first);
        assert!(!agents.refresh());
    }

    #[test]
    fn a_full_table_answers_on_and_starts_over_at_refresh() {
        let mut agents = Agents::new();
        for n in 0..AGENTS_MAX + 10 {
            agents.find(Some(&format!("x{n}")));
        }
        assert_eq!(agents.by_text.len(), AGENTS_MAX);
        let id = agents.find(Some("curl/8.9.1"));
        assert_eq!(agents.answer(id).browser.as_deref(), Some("curl"));
        assert!(agents.refresh());
        assert_eq!(agents.answer(id), &Agent::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,600}") {
            let mut agents = Agents::new();
            let id = agents.find(Some(&text));
            prop_assert_eq!(agents.find(Some(&text)), id);
        }
    }
}
