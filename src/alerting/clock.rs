//! The clock that alerts go by: the machine's, without its leaps.
//!
//! Silences, quiet hours and windows end by this clock. A wall clock that is set back would end none of them
//! for hours, one that is set a year ahead would end all of them at once. So time never runs backwards here,
//! and a leap of more than [`LEAP_US`] counts only when it has lasted for [`CONFIRM_US`]: a clock that was set
//! wrong is usually set right within that.

/// Smaller steps are what clocks do: leap seconds, corrections by a time server.
const LEAP_US: i64 = 10 * 60_000_000;
/// A leap is believed after this long.
const CONFIRM_US: i64 = 60_000_000;

/// What the wall clock said last, and how long ago that is by the monotonic one.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    now_us: i64,
    monotonic_us: i64,
    /// When the leap was seen first, by the monotonic clock.
    leapt_us: Option<i64>,
}

/// A leap that has been believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What time it would have been.
    pub from_us: i64,
    pub to_us: i64,
}

impl Clock {
    /// Starts where the last run ended; what has passed since is not known, so only a clock that lies behind
    /// is in doubt.
    pub fn new(last_us: Option<i64>, wall_us: i64, monotonic_us: i64) -> Self {
        let last_us = last_us.filter(|last| last - wall_us > LEAP_US);
        Self {
            now_us: last_us.unwrap_or(wall_us),
            monotonic_us,
            leapt_us: None,
        }
    }

    /// Whether the wall clock has leapt and nobody knows yet whether it stays there. What is measured meanwhile
    /// would be looked for at the wrong time.
    pub fn is_in_doubt(&self) -> bool {
        self.leapt_us.is_some()
    }

    /// The time to go by, and the leap that counts from now on.
    pub fn read(&mut self, wall_us: i64, monotonic_us: i64) -> (i64, Option<Step>) {
        let expected_us = self.now_us + (monotonic_us - self.monotonic_us).max(0);
        let is_leap = (wall_us - expected_us).abs() > LEAP_US;
        let since_us = *self.leapt_us.get_or_insert(monotonic_us);
        let is_believed = is_leap && monotonic_us - since_us >= CONFIRM_US;
        self.monotonic_us = monotonic_us;
        self.now_us = match (is_leap, is_believed) {
            (false, _) => wall_us.max(self.now_us),
            (true, false) => expected_us,
            (true, true) => wall_us,
        };
        if !is_leap || is_believed {
            self.leapt_us = None;
        }
        let step = Step {
            from_us: expected_us,
            to_us: wall_us,
        };
        (self.now_us, is_believed.then_some(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3600 * SECOND;
    const YEAR: i64 = 365 * 24 * HOUR;
    const START: i64 = 1_700_000_000 * SECOND;

    /// Reads once a second; `offsets` are what the wall clock is wrong by, in seconds, and how long.
    fn walk(offsets: &[(i64, i64)]) -> (Vec<i64>, Vec<Step>) {
        let mut clock = Clock::new(None, START, 0);
        let (mut times, mut steps, mut second) = (Vec::new(), Vec::new(), 0);
        for (offset, n) in offsets {
            for _ in 0..*n {
                second += 1;
                let (now, step) = clock.read(START + second * SECOND + offset, second * SECOND);
                times.push(now - START - second * SECOND);
                steps.extend(step);
            }
        }
        (times, steps)
    }

    #[test]
    fn time_passes_as_it_does() {
        let (times, steps) = walk(&[(0, 100), (2 * SECOND, 10), (0, 1)]);
        assert_eq!(steps, []);
        assert!(
            times.iter().all(|off| (0..=2 * SECOND).contains(off)),
            "{times:?}"
        );
    }

    #[test]
    fn a_leap_that_is_set_right_never_counted() {
        for leap in [YEAR, -YEAR, HOUR, -HOUR] {
            let (times, steps) = walk(&[(0, 10), (leap, 50), (0, 100)]);
            assert_eq!(
                (steps.len(), times.iter().max(), times.iter().min()),
                (0, Some(&0), Some(&0))
            );
        }
    }

    #[test]
    fn a_leap_that_stays_counts_after_a_minute_and_once() {
        for leap in [YEAR, -HOUR] {
            let (times, steps) = walk(&[(0, 10), (leap, 200)]);
            assert_eq!(steps.len(), 1);
            assert_eq!(steps[0].to_us - steps[0].from_us, leap);
            assert_eq!((times[60], times[80]), (0, leap));
        }
    }

    #[test]
    fn small_steps_back_make_time_stand_still() {
        let (times, steps) = walk(&[(0, 10), (-30 * SECOND, 60)]);
        assert_eq!(steps, []);
        // Ten seconds later it is still the time it was; when the wall clock has caught up, time goes on.
        assert_eq!((times[19], times[69]), (-10 * SECOND, -30 * SECOND));
    }

    #[test]
    fn a_start_behind_the_last_run_is_in_doubt_for_a_minute() {
        let mut clock = Clock::new(Some(START + YEAR), START, 0);
        assert_eq!(
            clock.read(START + SECOND, SECOND),
            (START + YEAR + SECOND, None)
        );
        assert!(clock.is_in_doubt());
        let (now, step) = clock.read(START + 70 * SECOND, 70 * SECOND);
        assert_eq!((now, step.is_some()), (START + 70 * SECOND, true));
        assert!(!clock.is_in_doubt());
        let mut clock = Clock::new(Some(START - YEAR), START, 0);
        assert_eq!(clock.read(START + SECOND, SECOND), (START + SECOND, None));
    }
}
