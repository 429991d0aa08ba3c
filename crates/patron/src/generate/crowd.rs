//! The crowd: who comes next. Few customers come often and many rarely, or all equally often.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Zipf};

use super::{Settings, person::Person};

/// Skew of how often customers come.
const EXPONENT: f64 = 0.99;

/// Draws persons.
pub(crate) struct Crowd {
    seed: u64,
    customers: u64,
    skew: Option<Zipf<f64>>,
}

impl Crowd {
    /// The crowd of these settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "at most CUSTOMERS_MAX, exact in a float")]
        let skew = Zipf::new(settings.customers as f64, EXPONENT).expect("customers >= 1 and exponent > 0");
        Self { seed: settings.seed, customers: settings.customers, skew: (!settings.uniform).then_some(skew) }
    }

    /// The next one to come.
    pub(crate) fn choose(&self, rng: &mut ChaCha8Rng) -> Person {
        let number = match &self.skew {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "1 to customers, exact in a float"
            )]
            Some(skew) => (skew.sample(rng) as u64).clamp(1, self.customers) - 1,
            None => rng.random_range(0..self.customers),
        };
        Person::new(self.seed, number)
    }
}
