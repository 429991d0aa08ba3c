//! Who is one person, asked over all pairs of identifiers.
//!
//! Candidates are looked at one after the other, the strongest first; each is taken if the two groups that it would join break
//! no rule together. Evidence gives a candidate for each pair that some touchpoint carries. Identifiers with too many neighbours
//! are nobody's but their own; what lost against another touchpoint of its name was seen all the same.

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
    /// All together; an identifier with more neighbours is shared.
    pub identifiers_max: usize,
    /// By namespace, in one ISO week of first evidence.
    pub limits_per_week: BTreeMap<String, usize>,
    /// By namespace: more neighbours of stronger namespaces make an identifier a shared one.
    pub sharing: BTreeMap<String, usize>,
}

/// All that was seen of identifiers.
struct Evidence<'a> {
    counts: &'a [Seen],
    lost: &'a [Seen],
}

/// Whether only what lost carries an identifier, and the first that does.
type First<'a> = (bool, Option<Place<'a>>);

/// A person.
pub(super) struct Person<'a> {
    pub(super) id: String,
    pub(super) identifiers: Vec<Name>,
    pub(super) refused: BTreeSet<(Name, Name)>,
    pub(super) touchpoints: Vec<&'a Seen>,
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

impl<'a> Evidence<'a> {
    fn all(&self) -> impl Iterator<Item = &'a Seen> + use<'a> {
        self.counts.iter().chain(self.lost)
    }

    fn first(&self, name: &Name) -> First<'a> {
        let counted = first(self.counts, &[name]);
        if counted.is_some() { (false, counted) } else { (true, first(self.lost, &[name])) }
    }

    /// Weeks since the Monday before 1970.
    fn week(&self, name: &Name) -> i64 {
        const DAY: i64 = 86_400_000_000;
        let (_, first) = self.first(name);
        (first.expect("every name was seen").0 + 3 * DAY).div_euclid(7 * DAY)
    }

    fn strength(&self, name: &Name) -> (usize, First<'a>, Name) {
        (rank(&name.0), self.first(name), name.clone())
    }
}

/// Those of a group that have a namespace.
fn of<'g>(group: &'g BTreeSet<Name>, namespace: &'g str) -> impl Iterator<Item = &'g Name> {
    group.iter().filter(move |(candidate, _)| candidate == namespace)
}

/// All persons whom touchpoints speak of.
pub(super) fn people<'a>(counts: &'a [Seen], lost: &'a [Seen], rules: &Rules, hash_key: &HashKey) -> Vec<Person<'a>> {
    let evidence = Evidence { counts, lost };
    let all: BTreeSet<Name> = evidence.all().flat_map(names_of).collect();
    let (shared, names): (BTreeSet<Name>, BTreeSet<Name>) =
        all.into_iter().partition(|name| rules.shares(name, &evidence));
    let mut groups: Vec<BTreeSet<Name>> = names.iter().map(|name| BTreeSet::from([name.clone()])).collect();
    let mut refused = refused_by_sharing(&shared, counts);
    for (left, right) in candidates(&names, counts, hash_key) {
        let (at_left, at_right) = (group_of(&groups, &left), group_of(&groups, &right));
        let joined: BTreeSet<Name> = groups[at_left].union(&groups[at_right]).cloned().collect();
        if at_left == at_right {
            continue;
        }
        if rules.allow(&joined, &evidence) {
            groups[at_left] = joined;
            groups.remove(at_right);
        } else {
            refused.insert((left.clone().min(right.clone()), left.max(right)));
        }
    }
    groups.extend(shared.iter().map(|name| BTreeSet::from([name.clone()])));
    let person = |group: &BTreeSet<Name>| {
        let touches = |(left, right): &&(Name, Name)| group.contains(left) || group.contains(right);
        let mut identifiers: Vec<Name> = group.iter().cloned().collect();
        identifiers.sort_by_key(|name| evidence.strength(name));
        let eldest = group.iter().min_by_key(|name| (evidence.first(name), evidence.strength(name)));
        Person {
            id: hash_key.identifier_id(&identifier(eldest.expect("a group has a member"))).to_string(),
            refused: refused.iter().filter(touches).cloned().collect(),
            touchpoints: counts.iter().filter(|seen| group.contains(&home(seen, &shared, &evidence))).collect(),
            identifiers,
        }
    };
    groups.iter().map(person).collect()
}

/// Every pair of which one end is shared.
fn refused_by_sharing(shared: &BTreeSet<Name>, counts: &[Seen]) -> BTreeSet<(Name, Name)> {
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

/// The strongest identifier of a touchpoint that is not shared, or the strongest of the shared: whose group it belongs to.
fn home(seen: &Seen, shared: &BTreeSet<Name>, evidence: &Evidence<'_>) -> Name {
    let (others, own): (Vec<Name>, Vec<Name>) = names_of(seen).into_iter().partition(|name| shared.contains(name));
    own.into_iter()
        .min_by_key(|name| evidence.strength(name))
        .or_else(|| others.into_iter().min_by_key(|name| (rank(&name.0), name.clone())))
        .expect("named")
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
