//! The incident state machine: one pure transition function.
//!
//! ```text
//!            breach             breach for `for`            clear
//!   ok ----------------> pending ----------------> firing --------> recovering
//!    ^                      |                        ^  ^               |  |
//!    |        clear         |                        |  +--- breach ----+  | clear for `keep_firing_for`
//!    +----------------------+------------------------|---------------------+
//! ```
//! Times are counted in ticks. An incomplete tick, one before all lines have arrived, may raise but never
//! clears.

use crate::rule::Verdict;

/// Where an instance stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    #[default]
    Ok,
    /// Breaching, for so many ticks.
    Pending(u32),
    Firing,
    /// Well again, for so many ticks.
    Recovering(u32),
}

impl Phase {
    /// The word for it in tables and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Pending(_) => "pending",
            Self::Firing => "firing",
            Self::Recovering(_) => "recovering",
        }
    }

    /// Ticks spent there, where they count.
    pub fn ticks(self) -> u32 {
        match self {
            Self::Pending(ticks) | Self::Recovering(ticks) => ticks,
            Self::Ok | Self::Firing => 0,
        }
    }

    /// The phase of this name.
    pub fn from_parts(name: &str, ticks: u32) -> Option<Self> {
        Some(match name {
            "ok" => Self::Ok,
            "pending" => Self::Pending(ticks),
            "firing" => Self::Firing,
            "recovering" => Self::Recovering(ticks),
            _ => return None,
        })
    }

    /// Whether somebody has been told and waits for the resolve.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Firing | Self::Recovering(_))
    }
}

/// One label set of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Instance {
    pub phase: Phase,
    /// Ticks in a row without a row.
    pub n_missing: u32,
}

/// The rule's spans in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldTicks {
    pub pending: u32,
    pub keep: u32,
    /// None: a missing row changes nothing.
    pub missing: Option<u32>,
}

/// What a transition asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing to tell.
    Quiet,
    /// A new episode: trigger.
    Open,
    /// The episode goes on.
    Hold,
    /// It was about to fire and did not.
    NearMiss,
    /// The episode ends: resolve.
    Resolve,
}

/// Moves an instance by one tick.
pub fn transition(
    instance: Instance,
    verdict: Verdict,
    is_complete: bool,
    hold: HoldTicks,
) -> (Instance, Effect) {
    let n_missing = match verdict {
        Verdict::Missing if is_complete => instance.n_missing.saturating_add(1),
        Verdict::Missing => instance.n_missing,
        _ => 0,
    };
    let verdict = match (verdict, hold.missing) {
        (Verdict::Missing, Some(limit)) if is_complete && n_missing >= limit => Verdict::Clear,
        (Verdict::Missing, _) => Verdict::Band,
        (Verdict::Clear, _) if !is_complete => Verdict::Band,
        (verdict, _) => verdict,
    };
    let (phase, effect) = step(instance.phase, verdict, hold);
    let instance = Instance {
        phase,
        n_missing: if phase == Phase::Ok { 0 } else { n_missing },
    };
    (instance, effect)
}

fn step(phase: Phase, verdict: Verdict, hold: HoldTicks) -> (Phase, Effect) {
    match (phase, verdict) {
        (Phase::Ok, Verdict::Breach) => pend(0, hold),
        (Phase::Ok, _) => (Phase::Ok, Effect::Quiet),
        (Phase::Pending(ticks), Verdict::Breach) => pend(ticks, hold),
        (Phase::Pending(_), Verdict::Clear) => (Phase::Ok, Effect::NearMiss),
        (Phase::Pending(_), _) => (phase, Effect::Quiet),
        (Phase::Firing, Verdict::Clear) => recover(0, hold),
        (Phase::Firing, _) => (Phase::Firing, Effect::Hold),
        (Phase::Recovering(ticks), Verdict::Clear) => recover(ticks, hold),
        (Phase::Recovering(_), _) => (Phase::Firing, Effect::Hold),
    }
}

/// The first breaching tick starts the clock, as in Prometheus: `for = 2m` at one tick a minute fires at the
/// third.
fn pend(ticks: u32, hold: HoldTicks) -> (Phase, Effect) {
    match ticks >= hold.pending {
        true => (Phase::Firing, Effect::Open),
        false => (Phase::Pending(ticks + 1), Effect::Quiet),
    }
}

fn recover(ticks: u32, hold: HoldTicks) -> (Phase, Effect) {
    match ticks >= hold.keep {
        true => (Phase::Ok, Effect::Resolve),
        false => (Phase::Recovering(ticks + 1), Effect::Hold),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOLD: HoldTicks = HoldTicks {
        pending: 2,
        keep: 1,
        missing: Some(2),
    };

    /// `b` breach, `c` clear, `d` band, `m` missing; upper case: an incomplete tick.
    fn verdict(letter: char) -> Verdict {
        match letter.to_ascii_lowercase() {
            'b' => Verdict::Breach,
            'c' => Verdict::Clear,
            'd' => Verdict::Band,
            _ => Verdict::Missing,
        }
    }

    #[track_caller]
    fn check(ticks: &str, expected: &str) {
        let mut instance = Instance::default();
        let mut path = String::new();
        for letter in ticks.chars() {
            let (next, effect) =
                transition(instance, verdict(letter), letter.is_ascii_lowercase(), HOLD);
            instance = next;
            path.push(match (effect, instance.phase) {
                (Effect::Open, _) => 'O',
                (Effect::Resolve, _) => 'R',
                (Effect::NearMiss, _) => 'N',
                (_, Phase::Ok) => '.',
                (_, Phase::Pending(_)) => 'p',
                (_, Phase::Firing) => 'f',
                (_, Phase::Recovering(_)) => 'r',
            });
        }
        assert_eq!(path, expected, "{ticks}");
    }

    #[test]
    fn paths() {
        check("bbbcc", "ppOrR");
        check("bbc", "ppN");
        check("bbdb", "pppO");
        check("bbbddd", "ppOfff");
        check("bbbcbcc", "ppOrfrR");
        check("bbbmmm", "ppOfrR");
        check("bbmb", "pppO");
        check("cdmcc", ".....");
        // Incomplete ticks raise and never clear.
        check("BBBCCCC", "ppOffff");
        check("bbbMMMM", "ppOffff");
        check("bbbcCc", "ppOrfr");
    }

    proptest! {
        /// Opens and resolves take turns, and nothing resolves that was not opened.
        #[test]
        fn opens_and_resolves_alternate(ticks in "[bcdmBCDM]{0,60}", pending in 0u32..4, keep in 0u32..4) {
            let hold = HoldTicks { pending, keep, missing: Some(2) };
            let (mut instance, mut is_open) = (Instance::default(), false);
            for letter in ticks.chars() {
                let is_complete = letter.is_ascii_lowercase();
                let (next, effect) = transition(instance, verdict(letter), is_complete, hold);
                match effect {
                    Effect::Open => { prop_assert!(!is_open); is_open = true; }
                    Effect::Resolve => { prop_assert!(is_open && is_complete); is_open = false; }
                    Effect::NearMiss => prop_assert!(!is_open),
                    Effect::Hold => prop_assert!(is_open),
                    Effect::Quiet => prop_assert!(!is_open),
                }
                prop_assert_eq!(next.phase.is_open(), is_open);
                instance = next;
            }
        }

        /// A value that stays in the band causes nothing after the first tick.
        #[test]
        fn the_band_is_still(ticks in "[bcm]{0,20}", n in 1usize..10) {
            let mut instance = Instance::default();
            for letter in ticks.chars() {
                instance = transition(instance, verdict(letter), true, HOLD).0;
            }
            let settled = transition(instance, Verdict::Band, true, HOLD).0;
            let mut later = settled;
            for _ in 0..n {
                later = transition(later, Verdict::Band, true, HOLD).0;
            }
            prop_assert_eq!(later, settled);
        }

        #[test]
        fn phases_survive_being_written(ticks in 0u32..100) {
            for phase in [Phase::Ok, Phase::Pending(ticks), Phase::Firing, Phase::Recovering(ticks)] {
                prop_assert_eq!(Phase::from_parts(phase.as_str(), phase.ticks()), Some(phase));
            }
        }
    }
}
