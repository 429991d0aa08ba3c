//! Touchpoints of a small retail chain, made from a seed: the same settings give the same touchpoints, byte for byte.
//!
//! Owns the order in which they come out, and what is wrong with it on purpose: copies, disorder, late ones. Never reads a
//! clock; its memory grows with the episodes under way, not with the customers or the touchpoints.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use types::{Micros, record::Touchpoint};

mod catalogue;
mod crowd;
mod digital;
mod disorder;
mod episode;
mod hours;
mod marketing;
mod person;
mod sales;
mod script;
mod service;
mod visit;

#[cfg(test)]
mod tests;

use crowd::Crowd;
use disorder::Queue;
use script::Script;

/// Most customers that a generator takes: their numbers must be exact in a float.
pub const CUSTOMERS_MAX: u64 = 1 << 40;

/// Touchpoints of one episode, on average; measured. It only sets the first guess of how far apart episodes begin.
const TOUCHPOINTS_PER_EPISODE: u64 = 5;

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Equal seeds give equal touchpoints.
    pub seed: u64,
    /// How many customers there are, 1 to `CUSTOMERS_MAX`.
    pub customers: u64,
    /// How many touchpoints come out, copies included.
    pub touchpoints: u64,
    /// The earliest occurred_at.
    pub start: Micros,
    /// Every occurred_at lies before start + days; 1 to 3,660.
    pub days: u32,
    /// All customers come equally often; otherwise few come often and many rarely (Zipf, exponent 0.99).
    pub uniform: bool,
}

/// The iterator of touchpoints, in the order in which their sources send them.
///
/// ```
/// use patron::generate::{Generator, Settings};
/// let start = types::Micros::parse_rfc3339("2026-03-01T00:00:00Z").unwrap();
/// let settings = Settings { seed: 7, customers: 100, touchpoints: 1_000, start, days: 31, uniform: false };
/// assert_eq!(Generator::new(settings).unwrap().count(), 1_000);
/// ```
pub struct Generator {
    settings: Settings,
    rng: ChaCha8Rng,
    crowd: Crowd,
    queue: Queue,
    episodes: u64,
    scheduled: u64,
    emitted: u64,
    /// How far the span is gone, were all hours equally busy; in microseconds.
    elapsed: u64,
    user_id_alone: bool,
}

impl Generator {
    /// A generator at its beginning.
    ///
    /// # Errors
    /// Says in words which setting is out of range.
    pub fn new(settings: Settings) -> Result<Self, String> {
        if !(1..=CUSTOMERS_MAX).contains(&settings.customers) {
            return Err(format!("customers must be 1 to {CUSTOMERS_MAX}"));
        }
        if !(1..=3_660).contains(&settings.days) {
            return Err("days must be 1 to 3,660".to_owned());
        }
        Ok(Self {
            settings,
            rng: ChaCha8Rng::seed_from_u64(settings.seed),
            crowd: Crowd::new(&settings),
            queue: Queue::default(),
            episodes: 0,
            scheduled: 0,
            emitted: 0,
            elapsed: 0,
            user_id_alone: false,
        })
    }

    /// Names each customer by one identifier alone, a `user_id`, on all of their touchpoints: then whoever knows nothing of
    /// identities folds the same customers.
    #[must_use]
    pub fn by_user_id_alone(self) -> Self {
        Self { user_id_alone: true, ..self }
    }

    /// Numbers episodes from here on, from which messages, visits and orders have their names: sets of other numbers lie beside each
    /// other, where those of the same are taken for copies.
    #[must_use]
    pub fn numbered_from(self, episode: u64) -> Self {
        Self { episodes: episode, ..self }
    }

    fn span_micros(&self) -> u64 {
        u64::from(self.settings.days) * hours::DAY_MICROS
    }

    /// When the next episode begins.
    fn next_start(&self) -> Micros {
        let latest = self.span_micros() - 1;
        self.after_start(hours::busy_time(self.elapsed.min(latest)))
    }

    fn after_start(&self, micros: u64) -> Micros {
        Micros(self.settings.start.0 + i64::try_from(micros).expect("3,660 days fit"))
    }

    /// Writes the next episode into the queue, and moves on to the one after it.
    fn begin_episode(&mut self) {
        let (at, end) = (self.next_start(), self.after_start(self.span_micros()));
        let person = self.crowd.choose(&mut self.rng);
        let alone = self.user_id_alone.then(|| person.number_as_user_id());
        let mut script = Script::new(&mut self.rng, person, self.episodes, at);
        episode::play(&mut script);
        for mut touchpoint in script.finish(end) {
            if let Some(user_id) = &alone {
                touchpoint.identifiers = vec![user_id.clone()];
            }
            self.scheduled += self.queue.schedule(touchpoint, &mut self.rng);
        }
        self.episodes += 1;
        self.move_on();
    }

    /// The gap follows what is still to come, so that the last touchpoint falls near the end of the span.
    fn move_on(&mut self) {
        let left = self.settings.touchpoints.saturating_sub(self.scheduled).max(1);
        let time_left = u128::from(self.span_micros().saturating_sub(self.elapsed));
        let mean = time_left * u128::from(TOUCHPOINTS_PER_EPISODE) / u128::from(left);
        let most = u64::try_from(mean.saturating_mul(2)).unwrap_or(u64::MAX).min(self.span_micros());
        self.elapsed += self.rng.random_range(0..=most);
    }
}

impl Iterator for Generator {
    type Item = Touchpoint;

    fn next(&mut self) -> Option<Touchpoint> {
        if self.emitted == self.settings.touchpoints {
            return None;
        }
        while self.scheduled < self.settings.touchpoints
            && self.queue.head_at().is_none_or(|at| at >= self.next_start())
        {
            self.begin_episode();
        }
        self.emitted += 1;
        self.queue.pop()
    }
}
