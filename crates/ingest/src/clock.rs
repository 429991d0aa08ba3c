//! The clock of the front door: one reading a batch, as received_at. The checks take the instant as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

use types::Micros;

/// Tells the time of receipt.
pub trait Clock: Send + Sync {
    /// Now, in UTC microseconds.
    fn now(&self) -> Micros;
}

/// The machine's clock; the only place in this crate that reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    /// A clock set before 1970 reads as 1970.
    fn now(&self) -> Micros {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }
}
