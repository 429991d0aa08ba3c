//! Who is one person, asked over all pairs of identifiers.
//!
//! Candidates are looked at one after the other, the strongest first; each is taken if the two groups that it would join break
//! no rule together. Evidence gives a candidate for each pair that some touchpoint carries. Decisions of operators would be
//! candidates of a greater strength, and vetoes in `Rules::allow`: the loop in `people` stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use types::{HashKey, Identifier};

use super::counting::{Place, Seen};

/// Namespace and value.
pub type Name = (String, String);

/// Namespaces from the strongest to the weakest; others stand where the star is.
const STRENGTH: [&str; 12] = [
    "user_id",
    "member_id",
    "loyalty_card",
    "wechat_unionid",
    "email",
    "phone",
    "*",
    "wechat_openid",
    "device_id",
    "anonymous_id",
    "cookie",
    "receipt",
];

/// How many identifiers one person may have.
#[derive(Clone, Debug)]
pub struct Rules {
    /// By namespace; others have no limit of their own.
    pub limits: BTreeMap<String, usize>,
    /// All together.
    pub identifiers_max: usize,
}

/// A person.
pub(super) struct Person<'a> {
    pub(super) id: String,
    pub(super) identifiers: Vec<Name>,
    pub(super) refused: BTreeSet<(Name, Name)>,
    pub(super) touchpoints: Vec<&'a Seen>,
}

impl Rules {
    fn allow(&self, group: &BTreeSet<Name>) -> bool {
        let within = |(namespace, limit): (&String, &usize)| {
            group.iter().filter(|(candidate, _)| candidate == namespace).count() <= *limit
        };
        group.len() <= self.identifiers_max && self.limits.iter().all(within)
    }
}

/// All persons whom touchpoints speak of.
pub(super) fn people<'a>(counts: &'a [Seen], rules: &Rules, hash_key: &HashKey) -> Vec<Person<'a>> {
    let names: BTreeSet<Name> = counts.iter().flat_map(names_of).collect();
    let mut groups: Vec<BTreeSet<Name>> = names.iter().map(|name| BTreeSet::from([name.clone()])).collect();
    let mut refused = Vec::new();
    for (left, right) in candidates(&names, counts, hash_key) {
        let (at_left, at_right) = (group_of(&groups, &left), group_of(&groups, &right));
        let joined: BTreeSet<Name> = groups[at_left].union(&groups[at_right]).cloned().collect();
        if at_left == at_right {
            continue;
        }
        if rules.allow(&joined) {
            groups[at_left] = joined;
            groups.remove(at_right);
        } else {
            refused.push((left.clone().min(right.clone()), left.max(right)));
        }
    }
    let person = |group: &BTreeSet<Name>| {
        let touches = |(left, right): &&(Name, Name)| group.contains(left) || group.contains(right);
        let mut identifiers: Vec<Name> = group.iter().cloned().collect();
        identifiers.sort_by_key(|name| strength(name, counts));
        let eldest = group.iter().min_by_key(|name| (first(counts, &[name]), strength(name, counts)));
        Person {
            id: hash_key.identifier_id(&identifier(eldest.expect("a group has a member"))).to_string(),
            refused: refused.iter().filter(touches).cloned().collect(),
            touchpoints: counts.iter().filter(|seen| group.contains(&home(seen, counts))).collect(),
            identifiers,
        }
    };
    groups.iter().map(person).collect()
}

/// Pairs that a touchpoint carries: the weaker end decides, then the stronger, then the first evidence, then the ids.
fn candidates(names: &BTreeSet<Name>, counts: &[Seen], hash_key: &HashKey) -> Vec<(Name, Name)> {
    let mut pairs = Vec::new();
    for left in names {
        for right in names.iter().filter(|right| left < *right) {
            if let Some(first) = first(counts, &[left, right]) {
                let (one, other) = (rank(&left.0), rank(&right.0));
                let ids = [hash_key.identifier_id(&identifier(left)), hash_key.identifier_id(&identifier(right))];
                let ids = (ids[0].min(ids[1]), ids[0].max(ids[1]));
                pairs.push(((one.max(other), one.min(other), first, ids), (left.clone(), right.clone())));
            }
        }
    }
    pairs.sort_by_key(|(order, _)| *order);
    pairs.into_iter().map(|(_, pair)| pair).collect()
}

/// The strongest identifier of a touchpoint: whose group it belongs to.
fn home(seen: &Seen, counts: &[Seen]) -> Name {
    names_of(seen)
        .into_iter()
        .min_by(|left, right| strength(left, counts).cmp(&strength(right, counts)))
        .expect("named")
}

fn strength<'a>(name: &Name, counts: &'a [Seen]) -> (usize, Option<Place<'a>>, Name) {
    (rank(&name.0), first(counts, &[name]), name.clone())
}

/// The first touchpoint that carries all of these.
fn first<'a>(counts: &'a [Seen], names: &[&Name]) -> Option<Place<'a>> {
    let carries = |seen: &&Seen| names.iter().all(|name| names_of(seen).contains(name));
    counts.iter().filter(carries).map(Seen::place).min()
}

fn names_of(seen: &Seen) -> Vec<Name> {
    seen.touchpoint.identifiers.iter().map(|held| (held.namespace.clone(), held.value.clone())).collect()
}

fn rank(namespace: &str) -> usize {
    STRENGTH.iter().position(|entry| *entry == namespace).unwrap_or(6)
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
