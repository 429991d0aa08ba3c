//! One bound for all that is kept in memory by size: what is not given by itself is a share of it.

use super::ConfigError;

/// The bound's key.
pub(super) const BOUND: &str = "memory_bytes";
/// The bound unless told otherwise.
pub(super) const BYTES: usize = 1_568 << 20;
/// With less, filters of what is not in files yet would take most of their memory.
const BYTES_LEAST: usize = 98 << 20;
/// Settings that are shares of the bound, in parts of it. What may wait or be fetched ahead (`pending_bytes_max`, `prefetch_bytes_max`)
/// has bounds of its own.
const SHARES: [(&str, usize); 9] = [
    ("store.cache_bytes", 16),
    ("store.write_buffer_bytes", 16),
    ("publish.write_buffer_bytes", 4),
    ("rebuild.memory_bytes", 8),
    ("projector.warm_bytes", 8),
    ("projector.batch_bytes_max", 1),
    ("query.hot_bytes", 4),
    ("query.profiles_bytes", 4),
    ("query.counts_memory_bytes_max", 32),
];
/// Three batches are in memory, each with its records and what was decoded of them.
pub(super) const BATCHES: usize = 6;
/// All shares, and what batches take beyond one.
const PARTS: usize = 98;

/// The shares of a bound: keys and bytes.
pub(super) fn shares(bytes: usize) -> impl Iterator<Item = (&'static str, usize)> {
    SHARES.into_iter().map(move |(key, share)| (key, bytes / PARTS * share))
}

/// Refuses a bound that is too small.
pub(super) fn check(bytes: usize) -> Result<(), ConfigError> {
    if bytes < BYTES_LEAST {
        return Err(ConfigError::value(BOUND, format!("{bytes} given; give {BYTES_LEAST} or more")));
    }
    Ok(())
}
