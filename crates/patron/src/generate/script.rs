//! The script of one episode: a clock that its touchpoints move on, and the touchpoints written so far.
//!
//! Owns message ids: episode and step name a touchpoint, whatever its source.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use types::{
    Kind, Micros,
    record::{Identifier, Touchpoint},
};

use super::person::Person;

/// One episode while it is being written.
pub(crate) struct Script<'a> {
    /// The one source of chance.
    pub(crate) rng: &'a mut ChaCha8Rng,
    /// Whose episode it is.
    pub(crate) person: Person,
    /// The clock.
    pub(crate) at: Micros,
    episode: u64,
    touchpoints: Vec<Touchpoint>,
}

impl<'a> Script<'a> {
    /// An empty script.
    pub(crate) fn new(rng: &'a mut ChaCha8Rng, person: Person, episode: u64, at: Micros) -> Self {
        Self { rng, person, at, episode, touchpoints: Vec::new() }
    }

    /// Adds a touchpoint at the clock's time, to be filled in by the caller.
    pub(crate) fn add(&mut self, source: &str, kind: Kind, who: &[Identifier]) -> &mut Touchpoint {
        let touchpoint = Touchpoint {
            source: source.to_owned(),
            message_id: format!("{source}-{:08x}-{:02}", self.episode, self.touchpoints.len()),
            kind: kind.name().to_owned(),
            identifiers: who.to_vec(),
            occurred_at: Some(self.at.to_proto()),
            ..Touchpoint::default()
        };
        self.touchpoints.push(touchpoint);
        self.touchpoints.last_mut().expect("one was just pushed")
    }

    /// Moves the clock on by a random number of seconds, to the millisecond.
    pub(crate) fn wait(&mut self, least_seconds: i64, most_seconds: i64) {
        self.at = Micros(self.at.0 + self.rng.random_range(least_seconds * 1_000..=most_seconds * 1_000) * 1_000);
    }

    /// Moves the clock on by a random number of hours.
    pub(crate) fn wait_hours(&mut self, least: i64, most: i64) {
        self.wait(least * 3_600, most * 3_600);
    }

    /// True that often.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        let index = self.rng.random_range(0..list.len());
        *list.get(index).expect("the index is drawn below the length")
    }

    /// A name that no other episode gives, e.g. of its visit.
    pub(crate) fn name(&self, prefix: &str) -> String {
        format!("{prefix}-{:08x}-{:02}", self.episode, self.touchpoints.len())
    }

    /// The touchpoints that happened before `end`.
    pub(crate) fn finish(self, end: Micros) -> Vec<Touchpoint> {
        let mut touchpoints = self.touchpoints;
        touchpoints.retain(|touchpoint| touchpoint.occurred() < end);
        touchpoints
    }
}
