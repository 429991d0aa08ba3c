//! Groups of segments: those that ask the same of a customer are looked at together.
//!
//! A customer has one next deadline for each group, and a touchpoint asks only for the groups that read what it touches. Which
//! group a segment is in follows from what it reads; two kinds of segments may share one, which costs time and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use expr::{Depth, Memo, Needs, Reach, Verdict, linked};
use types::Micros;

use crate::{
    customer::{Customer, Narrowed},
    facets::Facets,
    keyed::{Keyed, Place},
    segments::Segments,
};

/// Number of a group, below 64.
pub type Group = u8;

/// Which way of grouping this is: it grows where a segment comes into another group than before.
pub const GROUPING: u32 = 1;

/// How many groups there are.
const GROUPS: u32 = 64;

/// A set of groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Groups(u64);

impl Groups {
    /// None.
    pub const NONE: Self = Self(0);

    /// All there are.
    pub const ALL: Self = Self(u64::MAX);

    /// Whether a group is in it.
    pub fn contains(self, group: Group) -> bool {
        self.0 & bit(group) != 0
    }

    /// Whether none is.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Puts a group in.
    pub fn insert(&mut self, group: Group) {
        self.0 |= bit(group);
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are in both.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<Group> for Groups {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        groups.into_iter().fold(Self::default(), |mut all, group| {
            all.insert(group);
            all
        })
    }
}

fn bit(group: Group) -> u64 {
    1_u64.checked_shl(group.into()).unwrap_or_default()
}

/// Number that a segment keeps for ever, however it is defined.
pub type Ordinal = u32;

/// A segment of a group.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) ordinal: Ordinal,
    pub(crate) version: u32,
    /// Its condition, among all segments'.
    pub(crate) condition: linked::Place,
    /// What it reads.
    pub(crate) facets: Facets,
}

impl Member {
    /// What it comes to at an instant, beside others of the same customer and instant.
    pub(crate) fn evaluate(&self, customer: &Customer, segments: &Segments, at: Micros, memo: &Memo) -> Verdict {
        segments.evaluate(self.condition, &Narrowed::new(customer, self.facets, at), at, memo)
    }
}

/// Segments that ask the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alike {
    pub(crate) members: Vec<Member>,
    /// Places of those that a touchpoint may concern whatever it has in its fields, and what that touches.
    free: Vec<(Facets, usize)>,
    /// Places of those that may be true of a customer who has nothing of what their keys name.
    loud: Vec<usize>,
    /// What they read together.
    pub(crate) facets: Facets,
    /// How far back they need single touchpoints.
    pub(crate) reach: Reach,
    /// How much of the profile they read.
    pub(crate) depth: Depth,
    /// Whether any compares with a cut of the population.
    pub(crate) cut: bool,
}

/// The group of a segment that needs this, by itself and by those that it names.
pub(crate) fn group_of(needs: &Needs) -> Group {
    let mut text = Facets::of_needs(needs).0.to_le_bytes().to_vec();
    needs.shared.iter().for_each(|question| text.extend([question.as_bytes(), b"\n"].concat()));
    u8::try_from(crc32c::crc32c(&text) % GROUPS).unwrap_or_default()
}

impl Alike {
    /// Members that read what was touched. With places, by touchpoints that have the texts for which these members ask, and no
    /// other's.
    pub(crate) fn touched(&self, touched: Facets, asking: Option<&BTreeSet<Place>>, group: Group) -> Vec<&Member> {
        let meets = |member: &&Member| member.facets.meet(touched);
        let Some(asking) = asking else { return self.members.iter().filter(meets).collect() };
        let keyed = asking.range((group, 0)..=(group, usize::MAX)).map(|(_, place)| *place);
        let free = self.free.iter().filter(|(facets, _)| facets.meet(touched)).map(|(_, place)| *place);
        self.at(keyed.chain(free)).into_iter().filter(meets).collect()
    }

    /// Members that may be true of a customer, now or later. With places, of one that has the texts for which these members ask, and
    /// no other's.
    pub(crate) fn all(&self, asking: Option<&BTreeSet<Place>>, group: Group) -> Vec<&Member> {
        let Some(asking) = asking else { return self.members.iter().collect() };
        let keyed = asking.range((group, 0)..=(group, usize::MAX)).map(|(_, place)| *place);
        self.at(keyed.chain(self.loud.iter().copied()))
    }

    fn at(&self, places: impl Iterator<Item = usize>) -> Vec<&Member> {
        let mut places: Vec<usize> = places.collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.members.get(place)).collect()
    }
}

/// All segments by what they ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grouped {
    pub(crate) groups: BTreeMap<Group, Alike>,
    pub(crate) keyed: Keyed,
    places: BTreeMap<Ordinal, Place>,
}

impl Grouped {
    /// Puts in a segment that needs this by itself and by those that it names; a silent one is never true of a customer who has
    /// nothing of what its keys name.
    pub(crate) fn put(&mut self, group: Group, member: Member, needs: &Needs, silent: bool) {
        let alike = self.groups.entry(group).or_default();
        let place = alike.members.len();
        let without_keys = Facets::without_keys(needs);
        if without_keys != Facets::default() {
            alike.free.push((without_keys, place));
        }
        if !silent {
            alike.loud.push(place);
        }
        self.keyed.put(needs, (group, place));
        self.places.insert(member.ordinal, (group, place));
        alike.facets = alike.facets.and(member.facets);
        alike.members.push(member);
        alike.reach = alike.reach.max(needs.reach);
        alike.depth = alike.depth.max(needs.depth());
        alike.cut |= !needs.quantiles.is_empty();
    }

    /// Where the segment of a number is.
    pub(crate) fn place(&self, ordinal: Ordinal) -> Option<Place> {
        self.places.get(&ordinal).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_groups() {
        let mut some: Groups = [0, 63].into_iter().collect();
        assert!(some.contains(0) && some.contains(63) && !some.contains(1));
        some.insert(1);
        assert_eq!(some.common([1, 2].into_iter().collect()), [1].into_iter().collect());
        assert!(Groups::default().is_empty() && Groups::ALL.contains(17));
    }
}
