//! Everybody by ordinal: small dense numbers that bitmaps are made of, given to customers for as long as these are the same.
//!
//! Owns who holds each identifier and each fragment, as of the last look. How many a customer holds is counted, so that it shows if
//! one was left behind. Never reads the store.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use identity::CustomerIdentity;
use roaring::RoaringBitmap;
use store::{Resolved, changes::Subject};
use types::IdentifierId;

/// A customer's number.
pub(in crate::segments) type Ordinal = u32;

/// Everybody.
#[derive(Debug, Default)]
pub(in crate::segments) struct People {
    /// Customers by ordinal; what stands at a free ordinal is of nobody.
    ids: Vec<IdentifierId>,
    /// How many identifiers and fragments each holds.
    held: Vec<u32>,
    /// Whose an identifier or a fragment is.
    holders: HashMap<Subject, Ordinal, BuildHasherDefault<Prefix>>,
    all: RoaringBitmap,
    known: RoaringBitmap,
    /// Whose identifier links nobody.
    cut: RoaringBitmap,
    free: Vec<Ordinal>,
}

/// A customer that was met on a walk.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) ordinal: Ordinal,
    pub(super) id: IdentifierId,
    pub(super) known: bool,
    pub(super) cut: bool,
    pub(super) held: u32,
}

/// Where a customer stands now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) ordinal: Ordinal,
    /// Whether it holds something that it did not hold before.
    pub(super) gained: bool,
}

/// What a customer holds.
pub(super) fn held(customer: &CustomerIdentity) -> impl Iterator<Item = Subject> {
    let identifiers = customer.identifiers.iter().map(|(id, _)| id.0);
    identifiers.chain(customer.fragments.iter().map(|fragment| fragment.0))
}

impl People {
    /// Room for so many customers, and so many identifiers and fragments.
    pub(super) fn with_room(customers: usize, subjects: usize) -> Self {
        let holders = HashMap::with_capacity_and_hasher(subjects, BuildHasherDefault::default());
        let nobody = IdentifierId([0; 16]);
        Self { ids: vec![nobody; customers], held: vec![0; customers], holders, ..Self::default() }
    }

    /// One that was met, whose ordinal nobody else has.
    pub(super) fn add(&mut self, met: &Met) {
        self.stand(met.ordinal, met.id, met.known, met.cut);
        if let Some(held) = self.held_mut(met.ordinal) {
            *held = met.held;
        }
    }

    /// What those hold who were met.
    pub(super) fn hold(&mut self, subjects: Vec<(Subject, Ordinal)>) {
        self.holders.extend(subjects);
    }

    pub(super) fn len(&self) -> u64 {
        self.all.len()
    }

    /// Everybody, or only those who are known by more than receipts.
    pub(in crate::segments) fn domain(&self, receipts: bool) -> &RoaringBitmap {
        if receipts { &self.all } else { &self.known }
    }

    pub(super) fn holder(&self, subject: &Subject) -> Option<Ordinal> {
        self.holders.get(subject).copied()
    }

    /// Whether an identifier linked nobody at the last look.
    pub(super) fn was_cut(&self, subject: &Subject) -> bool {
        self.holder(subject).is_some_and(|ordinal| self.cut.contains(ordinal))
    }

    pub(in crate::segments) fn id(&self, ordinal: Ordinal) -> Option<IdentifierId> {
        self.ids.get(place(ordinal)).copied()
    }

    /// The ordinal of a customer of this id.
    pub(super) fn ordinal(&self, id: IdentifierId) -> Option<Ordinal> {
        self.holder(&id.0).filter(|ordinal| self.id(*ordinal) == Some(id))
    }

    /// Gives a customer its place, and what it holds now; those who held some of it until now hold it no more.
    pub(super) fn put(&mut self, customer: &Resolved) -> Place {
        let identity = &customer.identity;
        let found = self.ordinal(identity.id);
        let ordinal = found.or_else(|| self.free.pop()).unwrap_or_else(|| self.grow());
        let mut gained = found.is_none();
        for subject in held(identity) {
            let before = self.holders.insert(subject, ordinal);
            if before != Some(ordinal) {
                gained = true;
                before.into_iter().for_each(|before| self.lose(before));
                self.held_mut(ordinal).into_iter().for_each(|held| *held += 1);
            }
        }
        self.stand(ordinal, identity.id, identity.is_known(), customer.cut);
        Place { ordinal, gained }
    }

    /// How many identifiers and fragments a customer holds.
    pub(super) fn held(&self, ordinal: Ordinal) -> u32 {
        self.held.get(place(ordinal)).copied().unwrap_or_default()
    }

    /// An identifier of which nothing is known any more.
    pub(super) fn forget(&mut self, id: IdentifierId) {
        let before = self.holders.remove(&id.0);
        before.into_iter().for_each(|before| self.lose(before));
    }

    /// Frees the ordinal of a customer that is none any more; whether it held nothing.
    pub(super) fn leave(&mut self, ordinal: Ordinal) -> bool {
        if self.all.remove(ordinal) {
            self.free.push(ordinal);
        }
        self.known.remove(ordinal);
        self.cut.remove(ordinal);
        self.held(ordinal) == 0
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        let bitmaps: usize = [&self.all, &self.known, &self.cut].into_iter().map(RoaringBitmap::serialized_size).sum();
        bitmaps + bytes_of(self.ids.capacity(), self.holders.capacity())
    }

    fn grow(&mut self) -> Ordinal {
        let ordinal = Ordinal::try_from(self.ids.len()).expect("fewer customers than memory has room for");
        self.ids.push(IdentifierId([0; 16]));
        self.held.push(0);
        ordinal
    }

    fn stand(&mut self, ordinal: Ordinal, id: IdentifierId, known: bool, cut: bool) {
        if let Some(held) = self.ids.get_mut(place(ordinal)) {
            *held = id;
        }
        self.all.insert(ordinal);
        set(&mut self.known, ordinal, known);
        set(&mut self.cut, ordinal, cut);
    }

    fn lose(&mut self, ordinal: Ordinal) {
        self.held_mut(ordinal).into_iter().for_each(|held| *held = held.saturating_sub(1));
    }

    fn held_mut(&mut self, ordinal: Ordinal) -> Option<&mut u32> {
        self.held.get_mut(place(ordinal))
    }
}

/// Bytes of so many customers with so many identifiers and fragments together; a map of hashes is at most seven eighths full.
pub(super) fn bytes_of(customers: usize, subjects: usize) -> usize {
    customers * (size_of::<IdentifierId>() + size_of::<u32>())
        + subjects * 8 / 7 * (size_of::<(Subject, Ordinal)>() + 1)
}

/// Has a bitmap hold an ordinal or not.
pub(super) fn set(bitmap: &mut RoaringBitmap, ordinal: Ordinal, holds: bool) {
    if holds {
        bitmap.insert(ordinal);
    } else {
        bitmap.remove(ordinal);
    }
}

fn place(ordinal: Ordinal) -> usize {
    usize::try_from(ordinal).unwrap_or(usize::MAX)
}

/// Ids are keyed hashes: their own bytes spread them.
#[derive(Debug, Default)]
struct Prefix(u64);

impl Hasher for Prefix {
    fn write(&mut self, bytes: &[u8]) {
        // Of these, four bits in the middle are a UUID's version; the map uses the least and the greatest.
        self.0 = bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}
