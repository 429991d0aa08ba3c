//! What has changed since the last count, worked out again: who is whom now, and what all kept conditions come to for them.
//!
//! Owns that everybody is found whom the changed rows can concern. A fragment's row concerns all around its identifiers; so does a
//! row of an identifier. Of one that links nobody – a kiosk's has a hundred thousand fragments – only those are looked at that are its
//! own. Where one ceases to link, those whom it linked are no longer around it: its fragments say who they are.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use identity::{Evidence as _, resolve};
use roaring::RoaringBitmap;
use store::{CustomerRows, Resolved, StoreError, changes::Subject, family::Fragments};
use types::{FragmentId, IdentifierId};

use super::{
    kept::Fit,
    meter,
    people::{Ordinal, People, held},
    slice::Slice,
};
use crate::segments::moment::Moment;

/// Brings customers and conditions up to the moment's snapshot.
pub(super) fn changed(
    moment: &Moment<'_>,
    people: &mut People,
    slices: [&mut Slice; 2],
    changed: Vec<Subject>,
) -> Result<Fit, StoreError> {
    if changed.is_empty() {
        return Ok(Fit::Whole);
    }
    let rows = CustomerRows::new(&moment.snapshot, &moment.context.rules, &moment.context.hash_key);
    let mut search =
        Search { moment, rows: &rows, people, found: Found::default(), met: BTreeSet::new(), open: Vec::new() };
    search.all(changed)?;
    let found = search.found;
    let Some((again, gone)) = found.put_into(people) else {
        tracing::warn!("who is counted no longer fits who there was; everybody is looked at anew");
        return Ok(Fit::Apart);
    };
    meter::asked_again(again.len());
    for slice in slices {
        gone.iter().for_each(|ordinal| slice.remove(ordinal));
        for (ordinal, customer) in &again {
            ask(moment, &rows, slice, *ordinal, customer)?;
        }
    }
    Ok(Fit::Whole)
}

/// Asks again for whom time may have changed something.
pub(super) fn due(
    moment: &Moment<'_>,
    people: &People,
    slice: &mut Slice,
    due: &RoaringBitmap,
) -> Result<Fit, StoreError> {
    if due.is_empty() {
        return Ok(Fit::Whole);
    }
    meter::asked_again(usize::try_from(due.len()).unwrap_or(usize::MAX));
    let rows = CustomerRows::new(&moment.snapshot, &moment.context.rules, &moment.context.hash_key);
    for ordinal in due {
        let Some(id) = people.id(ordinal) else { return Ok(Fit::Apart) };
        let component = rows.component(id)?;
        let resolution = resolve(&component, &moment.context.rules);
        let Some(customer) = resolution.customers.iter().find(|customer| customer.id == id) else {
            return Ok(Fit::Apart);
        };
        ask(moment, &rows, slice, ordinal, &Resolved::of(customer, &resolution, &component))?;
    }
    Ok(Fit::Whole)
}

fn ask(
    moment: &Moment<'_>,
    rows: &CustomerRows<'_>,
    slice: &mut Slice,
    ordinal: Ordinal,
    customer: &Resolved,
) -> Result<(), StoreError> {
    if slice.conditions.is_empty() {
        return Ok(());
    }
    rows.forget();
    let subject = moment.subject(rows, customer.clone(), slice.wanted())?;
    slice.ask(ordinal, &subject.customer);
    Ok(())
}

/// What is found.
#[derive(Default)]
struct Found {
    /// Customers as they are now, by id.
    customers: BTreeMap<IdentifierId, Resolved>,
    /// Who held any of what they hold.
    former: BTreeMap<Ordinal, u32>,
    /// Identifiers of which nothing is known any more.
    unknown: Vec<IdentifierId>,
    /// Fragments whose rows have changed.
    changed: BTreeSet<FragmentId>,
    /// Fragments that may belong to somebody else now, with their identifiers.
    concerned: BTreeMap<FragmentId, Vec<IdentifierId>>,
}

struct Search<'a, 'r> {
    moment: &'a Moment<'r>,
    rows: &'a CustomerRows<'r>,
    people: &'a People,
    found: Found,
    met: BTreeSet<IdentifierId>,
    open: Vec<IdentifierId>,
}

impl Search<'_, '_> {
    fn all(&mut self, changed: Vec<Subject>) -> Result<(), StoreError> {
        for subject in changed {
            match self.moment.snapshot.get::<Fragments>(&FragmentId(subject))? {
                Some(row) => {
                    let hash_key = &self.moment.context.hash_key;
                    let identifiers = row.identifiers.iter().map(|held| hash_key.identifier_id(held)).collect();
                    self.found.changed.insert(FragmentId(subject));
                    self.concern(FragmentId(subject), identifiers);
                }
                None => self.look_at_linking(IdentifierId(subject)),
            }
        }
        loop {
            while let Some(id) = self.open.pop() {
                self.look(id)?;
            }
            self.look_for_owners();
            if self.open.is_empty() {
                return Ok(());
            }
        }
    }

    fn concern(&mut self, fragment: FragmentId, identifiers: Vec<IdentifierId>) {
        identifiers.iter().for_each(|id| self.look_at_linking(*id));
        self.found.concerned.insert(fragment, identifiers);
    }

    /// An identifier that linked nobody links nobody now, so nobody is found by it but itself.
    fn look_at_linking(&mut self, id: IdentifierId) {
        if !self.people.was_cut(&id.0) {
            self.open.push(id);
        }
    }

    fn look(&mut self, id: IdentifierId) -> Result<(), StoreError> {
        if !self.met.insert(id) {
            return Ok(());
        }
        let component = self.rows.component(id)?;
        self.met.extend(component.nodes.keys());
        if component.nodes.is_empty() {
            self.found.unknown.push(id);
            self.was_held(&id.0);
        }
        let resolution = resolve(&component, &self.moment.context.rules);
        for customer in &resolution.customers {
            held(customer).for_each(|subject| self.was_held(&subject));
            self.found.customers.insert(customer.id, Resolved::of(customer, &resolution, &component));
        }
        if component.cut.contains_key(&id) && !self.people.was_cut(&id.0) { self.let_go(id) } else { Ok(()) }
    }

    /// Whoever held it is looked at too.
    fn was_held(&mut self, subject: &Subject) {
        if let Some(former) = self.people.holder(subject)
            && self.found.former.insert(former, self.people.held(former)).is_none()
        {
            self.open.extend(self.people.id(former));
        }
    }

    /// An identifier links nobody any more, or is new and never did.
    fn let_go(&mut self, id: IdentifierId) -> Result<(), StoreError> {
        let mut fragments = Vec::new();
        self.rows.each_fragment(id, &mut |fragment, said| {
            fragments.push((fragment, said.identifiers.iter().map(|(id, _)| *id).collect()));
            ControlFlow::Continue(())
        })?;
        fragments.into_iter().for_each(|(fragment, identifiers)| self.concern(fragment, identifiers));
        let decisions = self.rows.decisions(id)?;
        decisions.iter().for_each(|decision| self.look_at_linking(decision.other(id).0));
        Ok(())
    }

    /// Each fragment that is concerned is found with its customer; where it is not, it belongs to one that links nobody.
    fn look_for_owners(&mut self) {
        let customers = self.found.customers.values();
        let owned: BTreeSet<FragmentId> =
            customers.flat_map(|customer| customer.identity.fragments.iter().copied()).collect();
        let lost = self.found.concerned.iter().filter(|(fragment, _)| !owned.contains(*fragment));
        self.open.extend(lost.flat_map(|(_, identifiers)| identifiers).filter(|id| !self.met.contains(*id)));
    }
}

impl Found {
    /// Gives everybody a place; who is to be asked again, and the ordinals of those who are no customers any more. `None` if somebody
    /// would be counted twice, or lost.
    fn put_into(self, people: &mut People) -> Option<(Vec<(Ordinal, Resolved)>, RoaringBitmap)> {
        self.unknown.iter().for_each(|id| people.forget(*id));
        let (mut placed, mut again) = (Vec::new(), Vec::new());
        for customer in self.customers.into_values() {
            let place = people.put(&customer);
            let count = held(&customer.identity).count();
            placed.push((place.ordinal, u32::try_from(count).ok()?));
            let lost = self.former.get(&place.ordinal).is_some_and(|before| usize::try_from(*before) != Ok(count));
            let touched = customer.identity.fragments.iter().any(|fragment| self.changed.contains(fragment));
            if place.gained || lost || touched {
                again.push((place.ordinal, customer));
            }
        }
        let there: RoaringBitmap = placed.iter().map(|(ordinal, _)| *ordinal).collect();
        let gone: RoaringBitmap = self.former.into_keys().filter(|former| !there.contains(*former)).collect();
        let left = gone.iter().all(|ordinal| people.leave(ordinal));
        let fits = left && placed.iter().all(|(ordinal, count)| people.held(*ordinal) == *count);
        fits.then_some((again, gone))
    }
}
