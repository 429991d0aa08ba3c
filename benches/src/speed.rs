//! The primitives under the projector's fold path, a module for each group.

pub mod aead;
pub mod batch;
pub mod bitmaps;
pub mod codec;
pub mod columns;
pub mod compaction;
pub mod copies;
pub mod disk;
pub mod fold;
pub mod grpc;
pub mod layout;
pub mod least;
pub mod poll;
pub mod readers;
pub mod slab;
pub mod sst;
pub mod state;
pub mod timeline;
pub mod wal;

use std::path::Path;

use anyhow::Result;

use crate::{plan::Plan, table::Section};

/// Measures one group; databases and files go into the folder.
pub type Measure = fn(&Plan, &Path) -> Result<Section>;

/// All groups by name, in the order of the table; the first figure of the first is the unit of all ratios.
pub const GROUPS: [(&str, Measure); 18] = [
    ("codec", codec::section),
    ("readers", readers::section),
    ("poll", poll::section),
    ("fold", fold::section),
    ("slab", slab::section),
    ("state", state::section),
    ("aead", aead::section),
    ("disk", disk::section),
    ("copies", copies::section),
    ("batch", batch::section),
    ("wal", wal::section),
    ("timeline", timeline::section),
    ("sst", sst::section),
    ("layout", layout::section),
    ("compaction", compaction::section),
    ("bitmaps", bitmaps::section),
    ("columns", columns::section),
    ("grpc", grpc::section),
];
