//! One batch of `definitions`: what the sets before in the batch have made is seen by those after, and all is written together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use definition::{About, Effect, Held, Kind, Read, Version, effect, seal};
use journal::Record;
use store::{
    Batch, Store, StoreError,
    definition::HeldDefinitions,
    family::{
        DefinitionProgress, DefinitionSetIds, DefinitionSets, Definitions,
        definition_sets::{DefinitionProgressRow, SetRow},
        definitions::{VersionKey, VersionRow},
    },
};
use types::{HashKey, Micros, record::DefinitionSet};

use crate::meter;

/// Why a batch ends before its last record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// A newer version wrote the record at this offset.
    Newer(u64),
}

/// Rows of a batch, over what the snapshot holds.
struct Working<'a> {
    held: HeldDefinitions<'a>,
    hash_key: &'a HashKey,
    newest: BTreeMap<(Kind, String), Arc<Version>>,
    set_ids: BTreeSet<String>,
    batch: Batch,
    row: DefinitionProgressRow,
}

impl Held for Working<'_> {
    type Error = StoreError;

    fn newest(&self, kind: Kind, name: &str) -> Result<Option<Arc<Version>>, StoreError> {
        match self.newest.get(&(kind, name.to_owned())) {
            Some(version) => Ok(Some(Arc::clone(version))),
            None => self.held.newest(kind, name),
        }
    }

    fn has_set(&self, set_id: &str) -> Result<bool, StoreError> {
        Ok(self.set_ids.contains(set_id) || self.held.has_set(set_id)?)
    }
}

/// Folds records in the order of their offsets and writes what came of them; how far the state is then.
///
/// # Errors
/// Those of the store; nothing is written then.
pub(crate) fn fold(
    store: &Store,
    hash_key: &HashKey,
    row: &DefinitionProgressRow,
    records: &[Record],
) -> Result<(DefinitionProgressRow, Option<Stop>), StoreError> {
    let snapshot = store.snapshot();
    let held = HeldDefinitions::new(&snapshot, hash_key);
    let (newest, set_ids, batch) = (BTreeMap::new(), BTreeSet::new(), Batch::default());
    let mut working = Working { held, hash_key, newest, set_ids, batch, row: row.clone() };
    let mut stop = None;
    for record in records {
        let offset = record.position.offset;
        if offset < working.row.applied {
            continue;
        }
        match seal::read(&record.value) {
            Read::Set(set, received_at) => working.fold(&set, received_at, offset)?,
            Read::Manifest => {}
            Read::Skip(reason) => working.skip(reason, offset),
            Read::Newer => {
                stop = Some(Stop::Newer(offset));
                break;
            }
        }
        working.row.applied = offset + 1;
    }
    if working.row != *row {
        working.batch.put::<DefinitionProgress>(&(), &working.row);
        store.write(working.batch)?;
    }
    Ok((working.row, stop))
}

impl Working<'_> {
    fn fold(&mut self, set: &DefinitionSet, received_at: Micros, offset: u64) -> Result<(), StoreError> {
        let about = Arc::new(About::of(set, received_at, offset));
        let effect = effect(set, &about, &*self)?;
        self.put_set(set, &about, &effect);
        match effect {
            Effect::Versions(versions) => versions.into_iter().for_each(|version| self.put_version(version)),
            Effect::Void(why) => tracing::warn!(set_id = set.set_id, offset, %why, "a set of definitions is void"),
        }
        Ok(())
    }

    fn put_version(&mut self, version: Arc<Version>) {
        let key = VersionKey { kind: version.kind, name: version.name.clone(), number: version.number };
        self.batch.put::<Definitions>(&key, &VersionRow::from(Arc::clone(&version)));
        self.newest.insert((version.kind, version.name.clone()), version);
    }

    fn put_set(&mut self, set: &DefinitionSet, about: &About, effect: &Effect) {
        let (versions, void) = match effect {
            Effect::Versions(versions) => (versions.len() as u64, None),
            Effect::Void(why) => (0, Some(why.to_string())),
        };
        let row = SetRow {
            set_id: about.set_id.clone(),
            author: about.author.clone(),
            reason: about.reason.clone(),
            defined_at: about.defined_at,
            received_at: about.received_at,
            definitions: set.definitions.len() as u64,
            versions,
            void,
        };
        self.batch.put::<DefinitionSets>(&about.offset, &row);
        if *effect != Effect::Void(definition::Void::Repeated) {
            let id = self.hash_key.content_hash(set.set_id.as_bytes());
            self.batch.put::<DefinitionSetIds>(&id, &about.offset);
            self.set_ids.insert(set.set_id.clone());
        }
    }

    fn skip(&mut self, reason: &'static str, offset: u64) {
        tracing::warn!(offset, reason, "a record of definitions is passed over");
        meter::definition_skipped(reason);
        *self.row.skipped.entry(reason.to_owned()).or_default() += 1;
    }
}
