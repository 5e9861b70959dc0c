//! An address space cut into runs that share an answer.
//!
//! Addresses are counted in *units*: the networks of /24 of IPv4 and of /48 of IPv6, the smallest
//! that the internet routes by convention. A space is a sorted list of runs that follow each other
//! without a gap; answer 0 is "nothing known".

/// Bits of a unit's number in IPv4: a /24.
pub const V4_BITS: u32 = 24;
/// Bits of a unit's number in IPv6: a /48.
pub const V6_BITS: u32 = 48;

/// A run starts at a unit and reaches to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Number of the first unit.
    pub start: u64,
    /// What is known of all its addresses.
    pub answer: u32,
}

/// One family's address space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bits of a unit's number.
    pub bits: u32,
    /// Ascending, beginning at 0, no two neighbours with the same answer.
    pub runs: Vec<Run>,
}

impl Space {
    /// Returns a space of which nothing is known.
    pub fn empty(bits: u32) -> Self {
        let nothing = Run {
            start: 0,
            answer: 0,
        };
        Self {
            bits,
            runs: vec![nothing],
        }
    }

    /// Appends the units `start..end`; starts must ascend, what lies between two is unknown.
    pub fn push(&mut self, start: u64, end: u64, answer: u32) {
        let Some(last) = self.runs.last_mut() else {
            return;
        };
        debug_assert!(start >= last.start && start < end && end <= 1 << self.bits);
        if last.start == start {
            last.answer = answer;
            // Overwriting the tail may have made it equal to the run before it.
            if let [.., before, last] = self.runs.as_slice()
                && before.answer == last.answer
            {
                self.runs.pop();
            }
        } else if last.answer != answer {
            self.runs.push(Run { start, answer });
        }
        if end < 1 << self.bits && answer != 0 {
            self.runs.push(Run {
                start: end,
                answer: 0,
            });
        }
    }

    /// Returns the answer for a unit.
    pub fn find(&self, unit: u64) -> u32 {
        let after = self.runs.partition_point(|run| run.start <= unit);
        self.runs[after - 1].answer
    }

    /// Levels out blocks of `2^block_bits` units: a unit takes the most frequent answer of its
    /// block where `alike(own, most_frequent)` holds.
    pub fn level(&mut self, block_bits: u32, alike: impl Fn(u32, u32) -> bool) {
        let mut leveled = Self::empty(self.bits);
        // The parts of the block that is shared by several runs.
        let mut parts: Vec<(u64, u64, u32)> = Vec::new();
        let settle = |parts: &mut Vec<(u64, u64, u32)>, leveled: &mut Self| {
            let share = |answer: u32| -> u64 {
                let own = parts.iter().filter(|part| part.2 == answer);
                own.map(|(start, end, _)| end - start).sum()
            };
            let answers = parts.iter().map(|part| part.2);
            let most = answers.max_by_key(|answer| (share(*answer), *answer));
            for (start, end, own) in parts.drain(..) {
                let answer = most.filter(|most| alike(own, *most)).unwrap_or(own);
                leveled.push(start, end, answer);
            }
        };
        let ends = self.runs.iter().skip(1).map(|run| run.start);
        let ends = ends.chain([1 << self.bits]);
        for (run, end) in self.runs.iter().zip(ends) {
            let whole_start = run.start.next_multiple_of(1 << block_bits);
            let whole_end = end >> block_bits << block_bits;
            // Head and tail lie in blocks that other runs reach into; one block may hold the run.
            let (head_end, tail_start) = match whole_start < whole_end {
                true => (whole_start, whole_end),
                false => (end.min(whole_start), end.min(whole_start)),
            };
            if run.start < head_end {
                parts.push((run.start, head_end, run.answer));
            }
            if end >= whole_start {
                settle(&mut parts, &mut leveled);
            }
            if whole_start < whole_end {
                leveled.push(whole_start, whole_end, run.answer);
            }
            if tail_start < end {
                parts.push((tail_start, end, run.answer));
            }
        }
        settle(&mut parts, &mut leveled);
        *self = leveled;
    }

    /// Gives every answer a new number and joins neighbours that became equal.
    pub fn renumber(&mut self, number: impl Fn(u32) -> u32) {
        for run in &mut self.runs {
            run.answer = number(run.answer);
        }
        self.runs.dedup_by_key(|run| run.answer);
    }
}

/// Cuts a stream of ascending address ranges to units.
///
/// A unit that several ranges share goes to the answer with most of its addresses, so every
/// address of the unit has one and the same answer.
pub struct Cutter {
    space: Space,
    /// Bits of an address below a unit's number.
    below: u32,
    /// The first address not yet taken.
    next: u128,
    /// The unit being shared out, and what was seen of it.
    shared: Option<(u64, Vec<(u32, u128)>)>,
}

impl Cutter {
    /// Starts on a space of units of `bits`, for addresses of `width` bits.
    pub fn new(bits: u32, width: u32) -> Self {
        Self {
            space: Space::empty(bits),
            below: width - bits,
            next: 0,
            shared: None,
        }
    }

    /// Takes the addresses `first..=last`; of ranges that overlap the earlier one counts.
    pub fn push(&mut self, first: u128, last: u128, answer: u32) {
        let first = first.max(self.next);
        if first > last {
            return;
        }
        self.next = last.saturating_add(1);
        let unit_of = |address: u128| (address >> self.below) as u64;
        let mask = (1_u128 << self.below) - 1;
        let (mut from, to) = (unit_of(first), unit_of(last));
        if first & mask != 0 || (from == to && last & mask != mask) {
            let unit_last = (u128::from(from) << self.below) | mask;
            self.share(from, last.min(unit_last) - first + 1, answer);
            from += 1;
        }
        let whole = match last & mask == mask {
            true => to + 1,
            false => to,
        };
        if from < whole {
            self.settle();
            self.space.push(from, whole, answer);
        }
        if from <= to && whole == to {
            self.share(to, (last & mask) + 1, answer);
        }
    }

    /// Returns the space.
    pub fn finish(mut self) -> Space {
        self.settle();
        self.space
    }

    fn share(&mut self, unit: u64, n_addresses: u128, answer: u32) {
        if self.shared.as_ref().is_some_and(|(open, _)| *open != unit) {
            self.settle();
        }
        let (_, shares) = self.shared.get_or_insert_with(|| (unit, Vec::new()));
        match shares.iter_mut().find(|(seen, _)| *seen == answer) {
            Some((_, n)) => *n += n_addresses,
            None => shares.push((answer, n_addresses)),
        }
    }

    fn settle(&mut self) {
        let Some((unit, shares)) = self.shared.take() else {
            return;
        };
        // Of equals the first wins, so a build is repeatable.
        let most = shares.iter().map(|(_, n)| *n).max().unwrap_or(0);
        if let Some((answer, _)) = shares.iter().find(|(_, n)| *n == most) {
            self.space.push(unit, unit + 1, *answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(ranges: &[(u128, u128, u32)], expected: &[(u64, u32)]) {
        let mut cutter = Cutter::new(4, 8);
        for (first, last, answer) in ranges {
            cutter.push(*first, *last, *answer);
        }
        let space = cutter.finish();
        let runs: Vec<_> = space.runs.iter().map(|r| (r.start, r.answer)).collect();
        assert_eq!(runs, expected);
    }

    #[test]
    fn ranges_are_cut_to_units() {
        check(&[], &[(0, 0)]);
        check(&[(0, 255, 7)], &[(0, 7)]);
        check(&[(16, 31, 7)], &[(0, 0), (1, 7), (2, 0)]);
        check(&[(16, 31, 7), (32, 47, 7)], &[(0, 0), (1, 7), (3, 0)]);
        check(
            &[(16, 31, 7), (32, 47, 8)],
            &[(0, 0), (1, 7), (2, 8), (3, 0)],
        );
        check(&[(240, 255, 7)], &[(0, 0), (15, 7)]);
    }

    #[test]
    fn a_shared_unit_goes_to_the_larger_part() {
        check(&[(0, 3, 1), (4, 15, 2)], &[(0, 2), (1, 0)]);
        check(&[(0, 7, 1), (8, 15, 2)], &[(0, 1), (1, 0)]);
        check(&[(0, 5, 1), (6, 10, 2), (11, 15, 2)], &[(0, 2), (1, 0)]);
        check(&[(0, 17, 1), (18, 63, 2)], &[(0, 1), (1, 2), (4, 0)]);
        check(&[(8, 40, 1), (41, 47, 2)], &[(0, 1), (3, 0)]);
        check(
            &[(0, 47, 1), (32, 63, 2), (40, 50, 3)],
            &[(0, 1), (3, 2), (4, 0)],
        );
        check(&[(3, 4, 1), (20, 21, 2)], &[(0, 1), (1, 2), (2, 0)]);
    }

    #[test]
    fn blocks_are_leveled_where_answers_are_alike() {
        #[track_caller]
        fn check(runs: &[(u64, u64, u32)], expected: &[(u64, u32)]) {
            let mut space = Space::empty(4);
            for (start, end, answer) in runs {
                space.push(*start, *end, *answer);
            }
            // Answers of the same ten are of one country.
            space.level(2, |a, b| a / 10 == b / 10);
            let runs: Vec<_> = space.runs.iter().map(|r| (r.start, r.answer)).collect();
            assert_eq!(runs, expected);
        }
        check(&[], &[(0, 0)]);
        check(&[(0, 16, 11)], &[(0, 11)]);
        check(&[(0, 1, 11), (1, 4, 12), (4, 16, 11)], &[(0, 12), (4, 11)]);
        check(
            &[(0, 1, 21), (1, 4, 12), (4, 16, 11)],
            &[(0, 21), (1, 12), (4, 11)],
        );
        check(
            &[(2, 7, 11), (7, 8, 12), (8, 16, 13)],
            &[(0, 0), (2, 11), (8, 13)],
        );
        check(
            &[(3, 14, 11), (14, 15, 12), (15, 16, 12)],
            &[(0, 0), (3, 11), (12, 12)],
        );
    }

    proptest! {
        #[test]
        fn leveling_keeps_what_must_not_change(
            lengths in prop::collection::vec((1_u64..9, 0_u32..40), 0..40),
            block_bits in 0_u32..4
        ) {
            let mut space = Space::empty(V4_BITS);
            let mut at = 0;
            for (length, answer) in lengths {
                space.push(at, at + length, answer);
                at += length;
            }
            let mut leveled = space.clone();
            leveled.level(block_bits, |a, b| a / 10 == b / 10);
            prop_assert!(leveled.runs.windows(2).all(|w| w[0].start < w[1].start && w[0].answer != w[1].answer));
            for unit in 0..at + 8 {
                prop_assert_eq!(space.find(unit) / 10, leveled.find(unit) / 10);
            }
            let mut same = space.clone();
            same.level(block_bits, |a, b| a == b);
            prop_assert_eq!(same, space);
        }

        #[test]
        fn runs_alternate_and_answer_as_the_ranges_of_whole_units(
            lengths in prop::collection::vec((1_u64..9, 0_u32..4), 0..40)
        ) {
            let mut space = Space::empty(V4_BITS);
            let mut expected = Vec::new();
            let mut at = 0;
            for (length, answer) in lengths {
                if answer != 0 {
                    space.push(at, at + length, answer);
                }
                expected.extend((0..length).map(|_| answer));
                at += length;
            }
            prop_assert!(space.runs.windows(2).all(|w| w[0].start < w[1].start && w[0].answer != w[1].answer));
            for (unit, answer) in expected.iter().enumerate() {
                prop_assert_eq!(space.find(unit as u64), *answer);
            }
        }
    }
}
