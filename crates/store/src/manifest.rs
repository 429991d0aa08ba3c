//! What a state is: its format, its fold, its identity rules, its hash key and the journal that
//! it was folded from. All must match, or it is refused.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{error::OpenError, rules};

/// Version of the layout on disk that this code reads and writes.
pub const FORMAT_VERSION: u32 = 4;

/// What is written once when a state is created.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout on disk.
    pub format_version: u32,
    /// `profile::fold_version()`.
    pub fold_version: String,
    /// Fingerprint of the hash key.
    pub hash_key: String,
    /// Cluster that holds the journal.
    pub cluster_id: String,
    /// Topic id of `touchpoints`.
    pub topic_id: String,
    /// Its number of partitions.
    pub partitions: u32,
    /// Identity rules, as `rules::to_text` writes them.
    pub rules: String,
}

const REBUILD: &str = "delete the `generations` directory and start again: the state is rebuilt from the journal";
const UPGRADE: &str =
    "upgrade patron, or delete the `generations` directory and start again: the state is rebuilt from the journal";
const OTHER_JOURNAL: &str = "point patron at the journal that this state was folded from, or delete the `generations` directory to fold the other one";
const OTHER_KEY: &str = "set hash_key to the value that this state was made with, or choose another data_dir";

impl Manifest {
    /// Compares what is on disk with what this process wants.
    ///
    /// # Errors
    /// `Incompatible`, naming the first difference and the remedy.
    pub(crate) fn check(&self, wanted: &Self, dir: &Path) -> Result<(), OpenError> {
        let (partitions, wanted_partitions) = (self.partitions.to_string(), wanted.partitions.to_string());
        let (format, wanted_format) = (self.format_version.to_string(), wanted.format_version.to_string());
        let newer = self.format_version > wanted.format_version;
        for (what, held, wanted, remedy) in [
            ("format version", &format, &wanted_format, if newer { UPGRADE } else { REBUILD }),
            ("fold version", &self.fold_version, &wanted.fold_version, REBUILD),
            ("hash key", &self.hash_key, &wanted.hash_key, OTHER_KEY),
            ("journal cluster", &self.cluster_id, &wanted.cluster_id, OTHER_JOURNAL),
            ("journal topic", &self.topic_id, &wanted.topic_id, OTHER_JOURNAL),
            ("number of partitions", &partitions, &wanted_partitions, OTHER_JOURNAL),
        ] {
            if held != wanted {
                let (held, wanted) = (held.clone(), wanted.clone());
                return Err(OpenError::Incompatible { dir: dir.to_owned(), what, held, wanted, remedy });
            }
        }
        Ok(())
    }

    /// Compares the identity rules likewise.
    ///
    /// # Errors
    /// `OtherRules`, naming each key that differs.
    pub(crate) fn check_rules(&self, wanted: &Self, dir: &Path) -> Result<(), OpenError> {
        let said = |(key, held, wanted)| format!("{key} is {held} in the state and {wanted} in the configuration");
        let difference: Vec<String> = rules::difference(&self.rules, &wanted.rules).into_iter().map(said).collect();
        if difference.is_empty() {
            return Ok(());
        }
        Err(OpenError::OtherRules { dir: dir.to_owned(), difference: difference.join(", ") })
    }
}
