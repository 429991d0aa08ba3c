//! The primitives under the projector's fold path, a module for each group.

pub mod aead;
pub mod batch;
pub mod codec;
pub mod copies;
pub mod disk;
pub mod fold;
pub mod layout;
pub mod sst;
pub mod state;
pub mod timeline;

use std::path::Path;

use anyhow::Result;

use crate::{plan::Plan, table::Section};

/// Measures one group; databases and files go into the folder.
pub type Measure = fn(&Plan, &Path) -> Result<Section>;

/// All groups by name, in the order of the table; the first figure of the first is the unit of all ratios.
pub const GROUPS: [(&str, Measure); 10] = [
    ("codec", codec::section),
    ("fold", fold::section),
    ("state", state::section),
    ("aead", aead::section),
    ("disk", disk::section),
    ("copies", copies::section),
    ("batch", batch::section),
    ("timeline", timeline::section),
    ("sst", sst::section),
    ("layout", layout::section),
];
