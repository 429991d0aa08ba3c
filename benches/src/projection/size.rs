//! What a state is made of and what it takes on the disk.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use identity::Rules;
use journal::{Journal, embedded::EmbeddedJournal};
use rocksdb::{ColumnFamilyDescriptor, DB, Options};
use store::{CustomerRows, StoreError};

use super::run;
use crate::{feed, table::group};

/// Prints sizes of the journal and of the state. The state is opened again first, which brings all of it into files.
pub(super) fn print(journal: &EmbeddedJournal, journal_dir: &Path, state_dir: &Path) -> Result<()> {
    let store = run::open(journal, state_dir)?;
    let (records, customers) = (journal.ends()?.iter().sum::<u64>(), customers(&store)?);
    let shards = store.snapshot().shards()?;
    let sum = |of: fn(&store::family::shards::ShardRow) -> u64| shards.iter().map(|(_, row)| of(row)).sum::<u64>();
    let counts = [
        ("records", records),
        ("touchpoints that count", sum(|row| row.touchpoints)),
        ("copies", sum(|row| row.copies)),
        ("conflicts", sum(|row| row.conflicts)),
        ("fragments", sum(|row| row.fragments)),
        ("customers", customers),
    ];
    let live = store.live_bytes();
    drop(store);
    println!("### Sizes\n\n| | |\n|---|---:|");
    counts.iter().for_each(|(name, count)| println!("| {name} | {} |", group(*count as f64)));
    let bytes = [
        ("journal", feed::bytes_below(journal_dir)?),
        ("state", live),
        ("state, folder", feed::bytes_below(state_dir)?),
    ];
    println!("\n| bytes on the disk | in all | a record | a customer |\n|---|---:|---:|---:|");
    let families = by_family(state_dir)?;
    let families = families.iter().map(|(name, bytes)| (name.as_str(), *bytes));
    for (name, bytes) in bytes.into_iter().chain(families) {
        let each = |of: u64| bytes as f64 / of.max(1) as f64;
        println!("| {name} | {} | {:.1} | {:.0} |", group(bytes as f64), each(records), each(customers));
    }
    println!();
    Ok(())
}

fn customers(store: &store::Store) -> Result<u64> {
    let (snapshot, rules, key) = (store.snapshot(), Rules::default(), feed::hash_key());
    let mut customers = 0;
    CustomerRows::new(&snapshot, &rules, &key).for_each(|_| {
        customers += 1;
        Ok::<(), StoreError>(())
    })?;
    Ok(customers)
}

/// Bytes of the files of each column family.
fn by_family(dir: &Path) -> Result<BTreeMap<String, u64>> {
    let options = Options::default();
    let names = DB::list_cf(&options, dir)?;
    let families = names.into_iter().map(|name| ColumnFamilyDescriptor::new(name, Options::default()));
    let db = DB::open_cf_descriptors_read_only(&options, dir, families, false)?;
    let mut bytes = BTreeMap::new();
    for file in db.live_files()? {
        *bytes.entry(format!("state: {}", file.column_family_name)).or_default() += file.size as u64;
    }
    Ok(bytes)
}
