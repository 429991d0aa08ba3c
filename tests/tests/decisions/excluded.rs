//! The customers of a state in which nobody decided anything, with some pairs taken out of the evidence.
//!
//! What an operator's decision must come to, without any decision: an unlinked pair is left out of the links before they are
//! looked at; of two that are kept apart, each link that would join them is found by its effect and left out.

use std::collections::{BTreeMap, BTreeSet};

use identity::{Component, CustomerIdentity, Link, Resolution, Rules, link, resolve};
use profile::digest::Digest;
use store::{CustomerRows, Store, family::Incidence, snapshot::Range};
use tests::pipeline::hash_key;
use types::{Identifier, IdentifierId};

/// What the digest reads of a customer: its id, its identifiers' ids, its fragments.
pub(crate) type Record = [Vec<u8>; 3];

/// The evidence of a state, by component, with the customers that it gives as it stands.
pub(crate) struct Evidence {
    rules: Rules,
    components: Vec<(Component, Vec<Record>)>,
    places: BTreeMap<IdentifierId, usize>,
}

impl Evidence {
    /// Reads all of it.
    pub(crate) fn of(store: &Store) -> Self {
        let (snapshot, hash_key, rules) = (store.snapshot(), hash_key(), Rules::default());
        let mut evidence = Self { rules: rules.clone(), components: Vec::new(), places: BTreeMap::new() };
        for row in snapshot.scan::<Incidence>(&Range::all()) {
            let ((identifier, _), ()) = row.unwrap();
            if !evidence.places.contains_key(&identifier) {
                let rows = CustomerRows::new(&snapshot, &rules, &hash_key);
                let component = Component::around(&rows, &rules, identifier).unwrap();
                evidence.add(component);
            }
        }
        evidence
    }

    fn add(&mut self, component: Component) {
        assert!(component.decisions.is_empty(), "nobody decided anything");
        self.places.extend(component.nodes.keys().map(|id| (*id, self.components.len())));
        let customers = records(&resolve(&component, &self.rules));
        self.components.push((component, customers));
    }

    /// All pairs that touchpoints link and that are one customer's, in the order of their ids.
    pub(crate) fn linked_pairs(&self) -> Vec<[Identifier; 2]> {
        let mut pairs = BTreeMap::new();
        for (component, _) in &self.components {
            let resolution = resolve(component, &self.rules);
            let one = |link: &&Link| resolution.holder(link.0).is_some_and(|holder| holder.holds(link.1));
            let name = |id: &IdentifierId| component.nodes[id].identifier.clone();
            pairs.extend(component.links.keys().filter(one).map(|pair| (*pair, [name(&pair.0), name(&pair.1)])));
        }
        pairs.into_values().collect()
    }

    /// The digest of the customers where some pairs are no evidence and others never one customer's.
    pub(crate) fn digest_without(&self, unlinked: &[Link], apart: &[Link]) -> Digest {
        let touched: BTreeSet<usize> = unlinked.iter().chain(apart).map(|(end, _)| self.places[end]).collect();
        let mut digest = Digest::default();
        for (place, (component, customers)) in self.components.iter().enumerate() {
            let changed = touched.contains(&place).then(|| self.without(component, unlinked, apart));
            for record in changed.as_ref().unwrap_or(customers) {
                digest.add(&record.each_ref().map(Vec::as_slice));
            }
        }
        digest
    }

    /// All customers of the component of an identifier, as a state has them now.
    pub(crate) fn around(&self, store: &Store, id: IdentifierId) -> BTreeSet<Record> {
        let (snapshot, hash_key) = (store.snapshot(), hash_key());
        let rows = CustomerRows::new(&snapshot, &self.rules, &hash_key);
        let (component, _) = &self.components[self.places[&id]];
        component.nodes.keys().map(|id| record(&rows.find(*id).unwrap().expect("nobody is lost").identity)).collect()
    }

    /// The same without any decision, where some pairs are no evidence and others never one customer's.
    pub(crate) fn around_without(&self, id: IdentifierId, unlinked: &[Link], apart: &[Link]) -> BTreeSet<Record> {
        let (component, _) = &self.components[self.places[&id]];
        self.without(component, unlinked, apart).into_iter().collect()
    }

    fn without(&self, component: &Component, unlinked: &[Link], apart: &[Link]) -> Vec<Record> {
        let mut left = component.clone();
        left.links.retain(|link, _| !unlinked.contains(link));
        loop {
            let resolution = resolve(&left, &self.rules);
            match first_that_joins(&resolution, apart) {
                Some(link) => drop(left.links.remove(&link)),
                None => return records(&resolution),
            }
        }
    }
}

/// The first link of all that were taken after which two that are kept apart are one.
fn first_that_joins(resolution: &Resolution, apart: &[Link]) -> Option<Link> {
    let mut groups: Vec<BTreeSet<IdentifierId>> = Vec::new();
    for taken in &resolution.joining {
        let (left, right) = taken.link;
        let (touched, mut others): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.contains(&left) || group.contains(&right));
        let joined: BTreeSet<IdentifierId> = touched.into_iter().flatten().chain([left, right]).collect();
        if apart.iter().any(|(one, other)| joined.contains(one) && joined.contains(other)) {
            return Some(taken.link);
        }
        others.push(joined);
        groups = others;
    }
    None
}

fn records(resolution: &Resolution) -> Vec<Record> {
    resolution.customers.iter().map(record).collect()
}

fn record(customer: &CustomerIdentity) -> Record {
    let ids: BTreeSet<[u8; 16]> = customer.identifiers.iter().map(|(id, _)| id.0).collect();
    let fragments: Vec<[u8; 16]> = customer.fragments.iter().map(|fragment| fragment.0).collect();
    [customer.id.0.to_vec(), Vec::from_iter(ids).concat(), fragments.concat()]
}

/// The pair of two identifiers.
pub(crate) fn pair([left, right]: &[Identifier; 2]) -> Link {
    link(hash_key().identifier_id(left), hash_key().identifier_id(right))
}
