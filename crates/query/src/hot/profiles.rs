//! Merged profiles of customers that were looked up lately, decoded: where a customer has changed since, only the rows that did are
//! read again.
//!
//! Owns that a profile given out is what a look-up's own snapshot gives: the core is always read; of months and orders whatever was
//! written after the earlier of two stamps, the look-up's and the profile's. Bounded in bytes, those used least go. Belongs to one state.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use identity::CustomerIdentity;
use profile::State;
use quick_cache::{
    DefaultHashBuilder, OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use store::{
    CustomerRows, Store, StoreError,
    changes::{Row, Stamp, Trails},
};
use types::{FragmentId, IdentifierId};

use crate::meter::Lookups;

/// Bytes of a usual profile.
const USUAL_BYTES: usize = 32 << 10;
/// The part of the memory in which it is told which rows have changed.
const TRAILS: usize = 8;
/// A profile that takes more than this part of the memory is read anew each time.
const LARGEST: usize = 8;
/// Parts of the memory, each with a lock of its own. None takes what is larger than itself, so that more parts would take no large profiles.
const SHARDS: usize = 4;
/// Most rows that are read one by one, of all fragments, to renew a profile; to read it as a whole is faster then.
const RENEWED_MAX: usize = 512;
/// A profile is weighed again once it has become heavier by this part.
const HEAVIER: usize = 8;

/// Profiles of one state.
pub(crate) struct Profiles {
    trails: Arc<Trails>,
    bytes_largest: usize,
    held: Cache<IdentifierId, Held, Weight>,
    lookups: Lookups,
}

/// A profile, by the customer's id.
#[derive(Clone)]
struct Held {
    /// As it was when it was put there: what weighs more afterwards is put there again.
    bytes: usize,
    profile: Arc<Mutex<Profile>>,
}

struct Profile {
    fragments: Vec<FragmentId>,
    /// Months and orders are those of a snapshot taken after it, but for rows written after it, which may be of any snapshot.
    stamp: Stamp,
    state: State,
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<IdentifierId, Held> for Weight {
    fn weight(&self, _: &IdentifierId, held: &Held) -> u64 {
        held.bytes as u64
    }
}

impl Profiles {
    pub(super) fn new(bytes_max: usize, store: &Store) -> Self {
        let bytes = bytes_max - bytes_max / TRAILS;
        let options = OptionsBuilder::new()
            .estimated_items_capacity(bytes / USUAL_BYTES)
            .weight_capacity(bytes as u64)
            .shards(SHARDS)
            .build()
            .expect("both capacities are given");
        let held = Cache::with_options(options, Weight, DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self {
            trails: store.trails(bytes_max / TRAILS),
            bytes_largest: bytes / LARGEST,
            held,
            lookups: Lookups::of_profiles(),
        }
    }

    /// Reads the profile of a customer as it is in the snapshot of `rows`, which was taken after the stamp.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn read<T>(
        &self,
        rows: &CustomerRows<'_>,
        stamp: Stamp,
        customer: &CustomerIdentity,
        read: impl FnOnce(&State) -> T,
    ) -> Result<T, StoreError> {
        let held = self.held.get(&customer.id);
        if let Some(held) = &held {
            let mut profile = locked(&held.profile);
            if let Some(changed) = self.missing(&profile, customer, stamp) {
                rows.renew(customer, &mut profile.state, &changed)?;
                profile.stamp = stamp;
                self.lookups.answered(1, 0);
                if !changed.is_empty() {
                    self.weigh(customer, held, &profile.state);
                }
                return Ok(read(&profile.state));
            }
        }
        let state = rows.state(customer)?;
        self.lookups.answered(0, 1);
        let answer = read(&state);
        self.keep(customer, stamp, state);
        Ok(answer)
    }

    /// The rows of a profile that a snapshot taken after the stamp, and before this call, may have otherwise; `None` if it is of other
    /// fragments, if that is not known, or if they are too many. The snapshot may be the earlier one: what it lacks is among them.
    fn missing(&self, profile: &Profile, customer: &CustomerIdentity, stamp: Stamp) -> Option<Vec<Row>> {
        (profile.fragments == customer.fragments).then_some(())?;
        let changed = self.changed(customer, profile.stamp.min(stamp))?;
        (changed.len() * customer.fragments.len() <= RENEWED_MAX).then_some(changed)
    }

    /// The rows of a customer that were written since a stamp, each once.
    fn changed(&self, customer: &CustomerIdentity, stamp: Stamp) -> Option<Vec<Row>> {
        // All are asked about, whatever the first says: those who are not followed yet are from now on.
        let told: Vec<_> = customer.fragments.iter().map(|fragment| self.trails.since(*fragment, stamp)).collect();
        let told: Option<Vec<_>> = told.into_iter().collect();
        let mut changed = told?.concat();
        changed.sort_unstable();
        changed.dedup();
        Some(changed)
    }

    /// Keeps a profile, if its changes are known since its stamp and it is not too large.
    fn keep(&self, customer: &CustomerIdentity, stamp: Stamp, state: State) {
        let bytes = bytes(customer, &state);
        if bytes <= self.bytes_largest && self.changed(customer, stamp).is_some() {
            let profile = Profile { fragments: customer.fragments.clone(), stamp, state };
            self.held.insert(customer.id, Held { bytes, profile: Arc::new(Mutex::new(profile)) });
        }
    }

    /// Puts a profile there again that weighs more than it did, or lets it go where it has become too large.
    fn weigh(&self, customer: &CustomerIdentity, held: &Held, state: &State) {
        let bytes = bytes(customer, state);
        if bytes > self.bytes_largest {
            self.held.remove(&customer.id);
        } else if bytes > held.bytes + held.bytes / HEAVIER {
            self.held.insert(customer.id, Held { bytes, profile: Arc::clone(&held.profile) });
        }
    }
}

/// About what a profile takes with all that is kept with it.
fn bytes(customer: &CustomerIdentity, state: &State) -> usize {
    const ENTRY_BYTES: usize = 64 + size_of::<Held>() + size_of::<Mutex<Profile>>();
    ENTRY_BYTES + size_of_val(customer.fragments.as_slice()) + profile::size::bytes(state)
}

fn locked(profile: &Mutex<Profile>) -> MutexGuard<'_, Profile> {
    // Whatever was renewed half is renewed again: its stamp is only set afterwards.
    profile.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
