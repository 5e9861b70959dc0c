//! What a line does not say itself: where its client is, whose network that is, which program it runs.
//!
//! An [`Enricher`] answers from tables that one worker owns, so the inner loop takes no lock. It
//! hands out small numbers ([`AnswerId`]) and keeps the decoded answers: the batch builder looks a
//! key up once per row and appends borrowed text. What is not known is an answer like any other,
//! with nothing in it; no enricher ever stops a row.

pub mod geoip;
pub mod user_agent;

/// The number of an answer in the table of one enricher; void after [`Enricher::refresh`] says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AnswerId(u32);

impl AnswerId {
    /// The answer that says nothing. Every table starts with it.
    pub const UNKNOWN: Self = Self(0);

    /// Returns the position in the table, for callers that keep one entry per answer.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn new(n: usize) -> Self {
        Self(u32::try_from(n).unwrap_or(0))
    }
}

/// A table of answers that grows as keys are asked for.
///
/// A worker makes its own, calls [`refresh`](Enricher::refresh) before each batch and
/// [`find`](Enricher::find) for each row of it.
pub trait Enricher {
    /// What is asked: an address, an agent string.
    type Key<'a>;
    /// What is answered.
    type Answer;

    /// Returns the columns of the `logs` table that this enricher fills.
    fn columns(&self) -> &'static [&'static str];

    /// Returns the number of the answer for `key`; the same answer has the same number.
    fn find(&mut self, key: Self::Key<'_>) -> AnswerId;

    /// Returns an answer that [`find`](Enricher::find) named since the last refresh.
    fn answer(&self, id: AnswerId) -> &Self::Answer;

    /// Takes up newer data and gives back memory; true when all earlier numbers are void.
    fn refresh(&mut self) -> bool;
}
