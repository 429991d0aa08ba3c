//! The manifest: which journal a folder holds.
//!
//! Owns: `journal.toml` and the decision whether a folder is a journal, is new, or lost its manifest. Never: changes
//! after the journal was created.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files;
use crate::{OpenError, Topology};

/// The newest folder format this program knows.
const FORMAT: u32 = 1;

/// The identity of a journal as written in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    pub(super) cluster_id: uuid::Uuid,
    pub(super) topic_id: uuid::Uuid,
    pub(super) partitions: u32,
}

/// Read before the rest, which another version may have changed.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Manifest {
    /// The identity of a new journal.
    pub(super) fn new(partitions: u32) -> Self {
        Self { format: FORMAT, cluster_id: uuid::Uuid::new_v4(), topic_id: uuid::Uuid::new_v4(), partitions }
    }

    /// The manifest of the folder; `None` when there is none.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, OpenError> {
        let path = files::manifest(dir);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&path, &text).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::io(&path)(error)),
        }
    }

    /// Writes it durably: from now on the folder is a journal.
    pub(super) fn write(&self, dir: &Path) -> Result<(), OpenError> {
        let path = files::manifest(dir);
        let text = toml::to_string(self).expect("a manifest has only plain fields");
        let text =
            format!("# The identity of this journal. Written once; never change or copy it to another folder.\n{text}");
        files::write_atomically(&path, text.as_bytes()).map_err(OpenError::io(&path))
    }

    pub(super) fn topology(&self) -> Topology {
        Topology {
            cluster_id: self.cluster_id.to_string(),
            topic_id: self.topic_id.to_string(),
            partitions: self.partitions,
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, OpenError> {
        let wrong =
            |error: toml::de::Error| OpenError::Manifest { file: path.to_owned(), reason: error.message().to_owned() };
        let Format { format: found } = toml::from_str(text).map_err(wrong)?;
        if found > FORMAT {
            return Err(OpenError::NewerFormat { file: path.to_owned(), found, known: FORMAT });
        }
        toml::from_str(text).map_err(wrong)
    }
}
