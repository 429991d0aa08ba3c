//! How far the shards are folded, as those who wait for a position see it.

use std::collections::BTreeMap;

/// Applied offsets of the shards, published after each durable write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Partition → the next offset to fold.
    pub applied: BTreeMap<u32, u64>,
    /// Why folding stands still, in words; `None` while it goes on.
    pub halted: Option<String>,
    /// How far `definitions` is folded.
    pub definitions: DefinitionsProgress,
}

/// Applied offset of the topic `definitions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefinitionsProgress {
    /// The next offset to fold.
    pub applied: u64,
    /// Why folding them stands still, in words; `None` while it goes on.
    pub halted: Option<String>,
}

impl Progress {
    /// Whether the record at an offset is folded.
    pub fn covers(&self, partition: u32, offset: u64) -> bool {
        self.applied.get(&partition).is_some_and(|next| *next > offset)
    }
}
