//! Folding into states held in memory: a hash map of flat states, and the real fold of a touchpoint into one fragment.

use std::{
    hash::{BuildHasher, BuildHasherDefault, Hasher},
    hint::black_box,
    path::Path,
};

use anyhow::Result;
use profile::{Fact, State};
use rand::RngExt;
use rand_distr::{Distribution, Zipf};

use crate::{
    measure::{Figure, measure, measure_prepared},
    plan::Plan,
    sample,
    table::Section,
};

/// A flat state of 304 bytes: counts, sums, extremes and buckets.
#[derive(Clone, Copy)]
pub(super) struct Flat {
    pub(super) words: [u64; 38],
}

pub(super) type Key = [u8; 16];

/// All figures of this group.
///
/// # Errors
/// None; the signature is that of all groups.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let keys = sample::keys(plan.customers(), 1);
    let (uniform, zipf) = (uniform(plan, &keys), zipf(plan, &keys));
    let mut figures = vec![real_fold(plan)];
    let mut map = hashbrown::HashMap::new();
    figures.extend(with_map("hashbrown", plan, &mut map, &keys, [&uniform, &zipf]));
    let mut map = hashbrown::HashMap::<Key, Flat, BuildHasherDefault<Prefix>>::default();
    figures.extend(with_map(
        "hashbrown, the key's first 8 bytes as its hash",
        plan,
        &mut map,
        &keys,
        [&uniform, &zipf],
    ));
    let mut map = std::collections::HashMap::new();
    figures.extend(with_map("std", plan, &mut map, &keys, [&uniform, &zipf]));
    let note = format!("Maps of {} states of {} B, read and changed in place.", keys.len(), size_of::<Flat>());
    Ok(Section { title: "Fold in memory", note, figures })
}

/// A map from keys to states.
trait Map {
    fn put(&mut self, key: Key, state: Flat);
    fn state(&mut self, key: &Key) -> Option<&mut Flat>;
}

impl<S: BuildHasher> Map for hashbrown::HashMap<Key, Flat, S> {
    fn put(&mut self, key: Key, state: Flat) {
        self.insert(key, state);
    }

    fn state(&mut self, key: &Key) -> Option<&mut Flat> {
        self.get_mut(key)
    }
}

impl Map for std::collections::HashMap<Key, Flat> {
    fn put(&mut self, key: Key, state: Flat) {
        self.insert(key, state);
    }

    fn state(&mut self, key: &Key) -> Option<&mut Flat> {
        self.get_mut(key)
    }
}

/// Takes the first eight bytes for the hash: keys are keyed hashes already, so nobody can choose them.
#[derive(Default)]
pub(super) struct Prefix(u64);

impl Hasher for Prefix {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

fn with_map(name: &str, plan: &Plan, map: &mut impl Map, keys: &[Key], accesses: [&[Key]; 2]) -> Vec<Figure> {
    keys.iter().for_each(|key| map.put(*key, Flat { words: [1; 38] }));
    let mut fold = |access: &str, touched: &[Key]| {
        measure(&format!("{name}: {access} access"), plan.passes(), touched.len() as u64, || {
            for (step, key) in touched.iter().enumerate() {
                let state = map.state(black_box(key)).expect("all keys were put in");
                black_box(state).add(step as u64);
            }
        })
    };
    let [uniform, zipf] = accesses;
    vec![fold("uniform", uniform), fold("Zipf (s = 1)", zipf)]
}

impl Flat {
    /// What a fold does to a state: counts up, sums, keeps extremes, adds to one bucket.
    pub(super) fn add(&mut self, value: u64) {
        self.words[0] += 1;
        self.words[1] = self.words[1].wrapping_add(value);
        self.words[2] = self.words[2].min(value);
        self.words[3] = self.words[3].max(value);
        self.words[4 + (value % 34) as usize] += 1;
    }
}

pub(super) fn uniform(plan: &Plan, keys: &[Key]) -> Vec<Key> {
    let mut random = sample::random(2);
    (0..accesses(plan)).map(|_| keys[random.random_range(0..keys.len())]).collect()
}

pub(super) fn zipf(plan: &Plan, keys: &[Key]) -> Vec<Key> {
    let mut random = sample::random(3);
    let ranks = Zipf::new(keys.len() as f64, 1.0).expect("a count and an exponent above zero");
    (0..accesses(plan)).map(|_| keys[ranks.sample(&mut random) as usize - 1]).collect()
}

fn accesses(plan: &Plan) -> usize {
    if plan.quick { 200_000 } else { 2_000_000 }
}

/// The real fold: core, month and order of a fragment that ends with 16 touchpoints.
fn real_fold(plan: &Plan) -> Figure {
    const EACH: u64 = 16;
    let (key, fragments) = (sample::hash_key(), if plan.quick { 200 } else { 2_000 });
    let content = key.content_hash(b"sample");
    let touchpoints: Vec<_> = (0..fragments * EACH).map(|n| sample::touchpoint(n / EACH, n % EACH)).collect();
    let facts: Vec<Fact<'_>> = touchpoints.iter().map(|touchpoint| Fact::new(touchpoint, content)).collect();
    measure_prepared(
        "profile::State::add, fragments of 16 touchpoints",
        plan.passes(),
        facts.len() as u64,
        || vec![State::default(); fragments as usize],
        |mut states| {
            let of_each = facts.chunks(EACH as usize);
            states
                .iter_mut()
                .zip(of_each)
                .for_each(|(state, facts)| facts.iter().for_each(|fact| state.add(fact, &key)));
            black_box(states);
        },
    )
}
