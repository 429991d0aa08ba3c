//! One bound for all that is kept in memory by size: what is not given by itself is a share of it.

use super::ConfigError;

/// The bound's key.
pub(super) const BOUND: &str = "memory_bytes";
/// The bound unless told otherwise.
pub(super) const BYTES: usize = 1_280 << 20;
/// With less, filters of what is not in files yet would take most of their memory.
const BYTES_LEAST: usize = 80 << 20;
/// Settings that are shares of the bound, in twentieths of it. What may wait or be under way (`pending_bytes_max`, `batch_bytes_max`,
/// `prefetch_bytes_max`) has bounds of its own.
const SHARES: [(&str, usize); 6] = [
    ("store.cache_bytes", 4),
    ("store.write_buffer_bytes", 4),
    ("publish.write_buffer_bytes", 1),
    ("rebuild.memory_bytes", 2),
    ("query.hot_bytes", 1),
    ("query.counts_memory_bytes_max", 8),
];

/// The shares of a bound: keys and bytes.
pub(super) fn shares(bytes: usize) -> impl Iterator<Item = (&'static str, usize)> {
    SHARES.into_iter().map(move |(key, share)| (key, bytes / 20 * share))
}

/// Refuses a bound that is too small.
pub(super) fn check(bytes: usize) -> Result<(), ConfigError> {
    if bytes < BYTES_LEAST {
        return Err(ConfigError::value(BOUND, format!("{bytes} given; give {BYTES_LEAST} or more")));
    }
    Ok(())
}
