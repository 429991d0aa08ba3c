//! Read, change, write back in a slab: states lie one after the other, and an index says where each one is.

use std::{
    hash::{BuildHasher, BuildHasherDefault},
    hint::black_box,
    path::Path,
};

use anyhow::{Context as _, Result, ensure};
use hashbrown::{HashMap, HashTable};

use super::fold::{Flat, Key, Prefix, uniform, zipf};
use crate::{
    measure::{Figure, measure},
    plan::{BATCH_ROWS, Plan},
    sample,
    table::Section,
};

/// Bytes that a state takes with both indexes and its key in the sample, roughly.
const BYTES_EACH: u64 = 500;

/// All figures of this group.
///
/// # Errors
/// Sizes that the machine's memory does not hold.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let mut figures = Vec::new();
    for states in plan.slab() {
        fits(states)?;
        let keys = sample::keys(states, 50);
        let (slab, accesses) =
            (Slab::of(&keys), [("uniform", uniform(plan, &keys)), ("Zipf (s = 1)", zipf(plan, &keys))]);
        drop(keys);
        figures.extend(with(plan, slab, &accesses));
    }
    let note = format!(
        "States of {} B with their key of 16 B, read and changed in place. The index of keys maps each key to its place; the index \
         of places holds 4 B a state, and the key is compared in the slab. \"Batch\": places of {BATCH_ROWS} keys first, then their states.",
        size_of::<Flat>()
    );
    Ok(Section { title: "Slab", note, figures })
}

fn fits(states: usize) -> Result<()> {
    let info = std::fs::read_to_string("/proc/meminfo").context("ask how much memory is free")?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:")).context("MemAvailable is told")?;
    let available: u64 = line.trim().trim_end_matches(" kB").parse::<u64>()? << 10;
    let wanted = states as u64 * BYTES_EACH;
    ensure!(
        wanted < available,
        "{states} states take {wanted} B and {available} B are free; give --slab smaller sizes"
    );
    Ok(())
}

struct Entry {
    key: Key,
    state: Flat,
}

struct Slab {
    entries: Vec<Entry>,
    by_key: HashMap<Key, u32, BuildHasherDefault<Prefix>>,
    places: HashTable<u32>,
}

impl Slab {
    fn of(keys: &[Key]) -> Self {
        let entries: Vec<Entry> = keys.iter().map(|key| Entry { key: *key, state: Flat { words: [1; 38] } }).collect();
        let mut by_key = HashMap::with_capacity_and_hasher(keys.len(), BuildHasherDefault::default());
        let mut places = HashTable::with_capacity(keys.len());
        for (place, key) in (0..).zip(keys) {
            by_key.insert(*key, place);
            places.insert_unique(hash(key), place, |place| hash(&entries[*place as usize].key));
        }
        Self { entries, by_key, places }
    }

    fn by_key(&self, key: &Key) -> usize {
        *self.by_key.get(key).expect("all keys were put in") as usize
    }

    fn by_place(&self, key: &Key) -> usize {
        let same = |place: &u32| self.entries[*place as usize].key == *key;
        *self.places.find(hash(key), same).expect("all keys were put in") as usize
    }

    fn add(&mut self, place: usize, value: usize) {
        black_box(&mut self.entries[place].state).add(value as u64);
    }
}

fn hash(key: &Key) -> u64 {
    BuildHasherDefault::<Prefix>::default().hash_one(key)
}

/// One walk over the touched keys.
type Pass<'a> = Box<dyn FnMut(&[Key]) + 'a>;

fn with(plan: &Plan, mut slab: Slab, accesses: &[(&str, Vec<Key>)]) -> Vec<Figure> {
    let mut figures = Vec::new();
    let millions = slab.entries.len() as f64 / 1e6;
    for (access, touched) in accesses {
        let slab = &mut slab;
        let mut row = |index: &str, mut pass: Pass<'_>| {
            let name = format!("slab of {millions} M, {index}: {access} access");
            figures.push(measure(&name, plan.passes(), touched.len() as u64, || pass(touched)));
        };
        row("index of keys", Box::new(|keys| one_by_one(slab, keys, Slab::by_key)));
        row("index of places", Box::new(|keys| one_by_one(slab, keys, Slab::by_place)));
        row("index of keys, batch", Box::new(|keys| in_batches(slab, keys, Slab::by_key)));
    }
    figures
}

fn one_by_one(slab: &mut Slab, keys: &[Key], find: fn(&Slab, &Key) -> usize) {
    for (step, key) in keys.iter().enumerate() {
        let place = find(slab, black_box(key));
        slab.add(place, step);
    }
}

fn in_batches(slab: &mut Slab, keys: &[Key], find: fn(&Slab, &Key) -> usize) {
    let mut places = Vec::with_capacity(BATCH_ROWS);
    for batch in keys.chunks(BATCH_ROWS) {
        places.clear();
        places.extend(batch.iter().map(|key| find(slab, black_box(key))));
        places.iter().enumerate().for_each(|(step, place)| slab.add(*place, step));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_indexes_find_the_same_state() {
        let keys = sample::keys(1_000, 51);
        let slab = Slab::of(&keys);
        for (place, key) in keys.iter().enumerate() {
            assert_eq!((slab.by_key(key), slab.by_place(key)), (place, place));
        }
    }
}
