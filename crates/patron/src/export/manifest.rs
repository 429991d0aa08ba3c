//! What an export is: which offsets it covers, and which files it consists of.

use std::collections::BTreeMap;

use proto::customer::ExportBegun;
use serde::{Deserialize, Serialize};
use types::Micros;

use super::{ExportFormat, Options};

/// Name of the file.
pub(super) const NAME: &str = "manifest.json";
/// Version of the manifest and of the tables; another one where a name or type is not what it was.
const FORMAT_VERSION: u32 = 1;

/// The manifest of an export, as in `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the manifest and of the tables.
    pub format_version: u32,
    /// Form of the files.
    pub format: ExportFormat,
    /// When the snapshot was taken, RFC 3339, by the clock of the machine that exported.
    pub created_at: String,
    /// Version of the program that wrote the files.
    pub patron_version: String,
    /// Version of the server.
    pub server_version: String,
    /// Version of the fold.
    pub fold_version: String,
    /// Cluster that holds the journal.
    pub cluster_id: String,
    /// Topic id of `touchpoints`, to which the offsets belong.
    pub topic_id: String,
    /// By partition, the next offset: everything below it is in the export, nothing at or above it.
    pub applied: BTreeMap<u32, u64>,
    /// Whether customers known by nothing but a receipt or a visit are left out.
    pub known_only: bool,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// All files beside this one.
    pub files: Vec<ExportedFile>,
}

/// One file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedFile {
    /// Its name in the directory.
    pub name: String,
    /// Table that its rows belong to.
    pub table: String,
    /// Number of rows.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 hash of its bytes, hexadecimal.
    pub blake3: String,
}

impl Manifest {
    pub(super) fn of(begun: &ExportBegun, created_at: Micros, options: &Options, files: Vec<ExportedFile>) -> Self {
        let mut rows: BTreeMap<String, u64> = BTreeMap::new();
        for file in &files {
            *rows.entry(file.table.clone()).or_default() += file.rows;
        }
        Self {
            format_version: FORMAT_VERSION,
            format: options.format,
            created_at: created_at.to_string(),
            patron_version: env!("CARGO_PKG_VERSION").to_owned(),
            server_version: begun.version.clone(),
            fold_version: begun.fold_version.clone(),
            cluster_id: begun.cluster_id.clone(),
            topic_id: begun.topic_id.clone(),
            applied: begun.applied.iter().map(|applied| (applied.partition, applied.next_offset)).collect(),
            known_only: options.known_only,
            rows,
            files,
        }
    }

    /// Indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers have a JSON form") + "\n"
    }
}
