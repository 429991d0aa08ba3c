//! All that is defined now: the fold of the topic `definitions`, in memory.
//!
//! Holds the newest version of each name, and what became of each set. Cloning shares what does not change.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use types::{Micros, record::DefinitionSet};

use crate::{
    About, Effect, Held, Kind, Version, Void,
    fold::{effect, superseded},
};

type Names = BTreeMap<String, Arc<Version>>;

/// The newest version of each name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    kinds: BTreeMap<Kind, Arc<Names>>,
    sets: Arc<BTreeMap<String, SetOutcome>>,
}

/// What became of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetOutcome {
    /// Where it lies in `definitions`.
    pub offset: u64,
    /// Why it did nothing; `None` where it is not void.
    pub void: Option<Void>,
}

impl Catalogue {
    /// Folds the set at an offset of `definitions` in, and says what it did. Offsets must come in their order.
    pub fn fold(&mut self, set: &DefinitionSet, received_at: Micros, offset: u64) -> Effect {
        let effect = self.effect(set, &Arc::new(About::of(set, received_at, offset)));
        let void = match &effect {
            Effect::Versions(versions) => {
                self.put(versions);
                None
            }
            Effect::Void(why) => Some(why.clone()),
        };
        if void != Some(Void::Repeated) {
            Arc::make_mut(&mut self.sets).insert(set.set_id.clone(), SetOutcome { offset, void });
        }
        effect
    }

    /// What a set would do.
    pub fn effect(&self, set: &DefinitionSet, about: &Arc<About>) -> Effect {
        let Ok(effect) = effect(set, about, self);
        effect
    }

    /// All that a set expects and that is not so.
    pub fn superseded(&self, set: &DefinitionSet) -> Vec<Void> {
        let Ok(voids) = superseded(set, self);
        voids
    }

    /// The catalogue as it would be with these versions.
    #[must_use]
    pub fn with(&self, versions: &[Arc<Version>]) -> Self {
        let mut next = self.clone();
        next.put(versions);
        next
    }

    /// The newest version of a name, a deleted one too.
    pub fn newest(&self, kind: Kind, name: &str) -> Option<&Arc<Version>> {
        self.kinds.get(&kind)?.get(name)
    }

    /// The newest version of a name that means something now.
    pub fn get(&self, kind: Kind, name: &str) -> Option<&Arc<Version>> {
        self.newest(kind, name).filter(|version| !version.is_deleted())
    }

    /// All of a kind that mean something now, by name.
    pub fn living(&self, kind: Kind) -> impl Iterator<Item = &Arc<Version>> {
        let names = self.kinds.get(&kind).into_iter().flat_map(|names| names.values());
        names.filter(|version| !version.is_deleted())
    }

    /// What became of a set, if it was folded.
    pub fn set(&self, set_id: &str) -> Option<&SetOutcome> {
        self.sets.get(set_id)
    }

    /// How many names there are, deleted ones among them.
    pub fn names(&self) -> usize {
        self.kinds.values().map(|names| names.len()).sum()
    }

    fn put(&mut self, versions: &[Arc<Version>]) {
        for version in versions {
            let names = Arc::make_mut(self.kinds.entry(version.kind).or_default());
            names.insert(version.name.clone(), Arc::clone(version));
        }
    }
}

impl Held for Catalogue {
    type Error = Infallible;

    fn newest(&self, kind: Kind, name: &str) -> Result<Option<Arc<Version>>, Infallible> {
        Ok(Self::newest(self, kind, name).cloned())
    }

    fn has_set(&self, set_id: &str) -> Result<bool, Infallible> {
        Ok(self.sets.contains_key(set_id))
    }
}
