//! Who is one person, asked over all pairs of identifiers.
//!
//! Candidates are looked at one after the other, the strongest first; each is taken if the two groups that it would join break
//! no rule together. Evidence gives a candidate for each pair that some touchpoint carries, an operator for each pair that is to
//! be linked, before all evidence, and none for a pair that is unlinked. Identifiers with too many neighbours are nobody's but
//! their own; what lost against another touchpoint of its name was seen all the same.

use std::collections::{BTreeMap, BTreeSet};

use types::{HashKey, Identifier, record::IdentityAction};

use super::{
    counting::Seen,
    evidence::{Evidence, first, names_of, rank},
    rulings::{Ruling, standing},
};

/// Namespace and value.
pub type Name = (String, String);

/// Two names, the lesser first.
type Pair = (Name, Name);

/// How many identifiers one person may have.
#[derive(Clone, Debug)]
pub struct Rules {
    /// By namespace; others have no limit of their own.
    pub limits: BTreeMap<String, usize>,
    /// All together; an identifier with more neighbours is shared.
    pub identifiers_max: usize,
    /// By namespace, in one ISO week of first evidence.
    pub limits_per_week: BTreeMap<String, usize>,
    /// By namespace: more neighbours of stronger namespaces make an identifier a shared one.
    pub sharing: BTreeMap<String, usize>,
}

/// A person.
pub(super) struct Person<'a> {
    pub(super) id: String,
    pub(super) identifiers: Vec<Name>,
    pub(super) refused: BTreeSet<Pair>,
    pub(super) touchpoints: Vec<&'a Seen>,
    /// All decisions about one of the identifiers, the earliest first.
    pub(super) rulings: Vec<&'a Ruling>,
}

impl Rules {
    fn allow(&self, group: &BTreeSet<Name>, evidence: &Evidence<'_>) -> bool {
        let within = |(namespace, limit): (&String, &usize)| of(group, namespace).count() <= *limit;
        let within_weeks = |(namespace, limit): (&String, &usize)| {
            let mut weeks: BTreeMap<i64, usize> = BTreeMap::new();
            of(group, namespace).for_each(|name| *weeks.entry(evidence.week(name)).or_default() += 1);
            weeks.values().all(|count| count <= limit)
        };
        group.len() <= self.identifiers_max
            && !evidence.keeps_apart(group)
            && self.limits.iter().all(within)
            && self.limits_per_week.iter().all(within_weeks)
    }

    fn shares(&self, name: &Name, evidence: &Evidence<'_>) -> bool {
        let neighbours: BTreeSet<Name> = evidence
            .all()
            .map(names_of)
            .filter(|names| names.contains(name))
            .flatten()
            .filter(|other| other != name)
            .collect();
        let stronger = neighbours.iter().filter(|other| rank(&other.0) < rank(&name.0)).count();
        neighbours.len() > self.identifiers_max || self.sharing.get(&name.0).is_some_and(|most| stronger > *most)
    }
}

/// Those of a group that have a namespace.
fn of<'g>(group: &'g BTreeSet<Name>, namespace: &'g str) -> impl Iterator<Item = &'g Name> {
    group.iter().filter(move |(candidate, _)| candidate == namespace)
}

/// All persons whom touchpoints speak of.
pub(super) fn people<'a>(evidence: &Evidence<'a>, rules: &Rules, hash_key: &HashKey) -> Vec<Person<'a>> {
    let counts = evidence.counts;
    let (shared, names): (BTreeSet<Name>, BTreeSet<Name>) =
        evidence.names().into_iter().partition(|name| rules.shares(name, evidence));
    let mut groups: Vec<BTreeSet<Name>> = names.iter().map(|name| BTreeSet::from([name.clone()])).collect();
    let (candidates, unlinked) = candidates(&names, evidence, hash_key);
    let mut refused = refused_by_sharing(&shared, counts);
    refused.extend(unlinked);
    for (left, right) in candidates {
        let (at_left, at_right) = (group_of(&groups, &left), group_of(&groups, &right));
        let joined: BTreeSet<Name> = groups[at_left].union(&groups[at_right]).cloned().collect();
        if at_left == at_right {
            continue;
        }
        if rules.allow(&joined, evidence) {
            groups[at_left] = joined;
            groups.remove(at_right);
        } else {
            refused.insert((left.clone().min(right.clone()), left.max(right)));
        }
    }
    groups.extend(shared.iter().map(|name| BTreeSet::from([name.clone()])));
    let person = |group: &BTreeSet<Name>| {
        let touches = |(left, right): &&Pair| group.contains(left) || group.contains(right);
        let mut identifiers: Vec<Name> = group.iter().cloned().collect();
        identifiers.sort_by_key(|name| evidence.strength(name));
        let eldest = group.iter().min_by_key(|name| (evidence.first(name), evidence.strength(name)));
        Person {
            id: hash_key.identifier_id(&identifier(eldest.expect("a group has a member"))).to_string(),
            refused: refused.iter().filter(touches).cloned().collect(),
            touchpoints: counts.iter().filter(|seen| group.contains(&home(seen, &shared, evidence))).collect(),
            rulings: rulings_about(group, evidence),
            identifiers,
        }
    };
    groups.iter().map(person).collect()
}

/// Every pair of which one end is shared.
fn refused_by_sharing(shared: &BTreeSet<Name>, counts: &[Seen]) -> BTreeSet<Pair> {
    let mut refused = BTreeSet::new();
    for names in counts.iter().map(names_of) {
        for one in names.iter().filter(|name| shared.contains(*name)) {
            for other in names.iter().filter(|other| *other != one) {
                refused.insert((one.clone().min(other.clone()), one.clone().max(other.clone())));
            }
        }
    }
    refused
}

fn rulings_about<'a>(group: &BTreeSet<Name>, evidence: &Evidence<'a>) -> Vec<&'a Ruling> {
    let about = evidence.rulings.iter().filter(|ruling| ruling.ends().iter().any(|end| group.contains(end)));
    let mut rulings: Vec<&Ruling> = about.collect();
    rulings.sort_by_key(|ruling| ruling.place());
    rulings
}

/// Pairs that an operator links, then those that a touchpoint carries: the weaker end decides, then the stronger, then the first
/// evidence, then the ids. Beside them the pairs that touchpoints carry and an operator unlinks.
fn candidates(names: &BTreeSet<Name>, evidence: &Evidence<'_>, hash_key: &HashKey) -> (Vec<Pair>, Vec<Pair>) {
    let (mut pairs, mut unlinked) = (Vec::new(), Vec::new());
    for left in names {
        for right in names.iter().filter(|right| left < *right) {
            let standing = standing(evidence.rulings, left, right);
            let carried = first(evidence.counts, &[left, right]);
            let place = match standing.map(|last| (last.action(), last.place())) {
                Some((IdentityAction::Link, place)) => Some((0, place)),
                Some((IdentityAction::Unlink, _)) => {
                    unlinked.extend(carried.map(|_| (left.clone(), right.clone())));
                    None
                }
                _ => carried.map(|place| (1, place)),
            };
            let Some((after, place)) = place else { continue };
            let (one, other) = (rank(&left.0), rank(&right.0));
            let ids = [hash_key.identifier_id(&identifier(left)), hash_key.identifier_id(&identifier(right))];
            let ids = (ids[0].min(ids[1]), ids[0].max(ids[1]));
            pairs.push(((after, one.max(other), one.min(other), place, ids), (left.clone(), right.clone())));
        }
    }
    pairs.sort_by_key(|(order, _)| *order);
    (pairs.into_iter().map(|(_, pair)| pair).collect(), unlinked)
}

/// The strongest identifier of a touchpoint that is not shared, or the strongest of the shared: whose group it belongs to.
fn home(seen: &Seen, shared: &BTreeSet<Name>, evidence: &Evidence<'_>) -> Name {
    let (others, own): (Vec<Name>, Vec<Name>) = names_of(seen).into_iter().partition(|name| shared.contains(name));
    own.into_iter()
        .min_by_key(|name| evidence.strength(name))
        .or_else(|| others.into_iter().min_by_key(|name| (rank(&name.0), name.clone())))
        .expect("named")
}

fn group_of(groups: &[BTreeSet<Name>], name: &Name) -> usize {
    groups.iter().position(|group| group.contains(name)).expect("every name is in a group")
}

fn identifier((namespace, value): &Name) -> Identifier {
    Identifier::new(namespace.clone(), value.clone())
}

/// `NAMESPACE:VALUE`.
pub(super) fn spelt((namespace, value): &Name) -> String {
    format!("{namespace}:{value}")
}
