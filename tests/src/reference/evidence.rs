//! What was seen of identifiers and decided about them, asked by scanning all of it.

use std::collections::BTreeSet;

use types::record::IdentityAction;

use super::{
    counting::{Place, Seen},
    people::Name,
    rulings::{Ruling, standing},
};

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

/// All that was seen of identifiers and decided about them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence<'a> {
    /// Touchpoints that count.
    pub(super) counts: &'a [Seen],
    /// Those that lost against another of their name.
    pub(super) lost: &'a [Seen],
    /// Operators' decisions.
    pub(super) rulings: &'a [Ruling],
}

/// Whether no touchpoint that counts carries an identifier, and the first that does, or the first decision about it.
pub(super) type First<'a> = (bool, Option<Place<'a>>);

impl<'a> Evidence<'a> {
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Seen> + use<'a> {
        self.counts.iter().chain(self.lost)
    }

    pub(super) fn first(&self, name: &Name) -> First<'a> {
        let counted = first(self.counts, &[name]);
        if counted.is_some() {
            return (false, counted);
        }
        let decided = self.rulings.iter().filter(|ruling| ruling.is_about(name)).map(Ruling::place);
        (true, first(self.lost, &[name]).into_iter().chain(decided).min())
    }

    pub(super) fn names(&self) -> BTreeSet<Name> {
        self.all().flat_map(names_of).chain(self.rulings.iter().flat_map(Ruling::ends)).collect()
    }

    /// Whether an operator keeps two of a group apart.
    pub(super) fn keeps_apart(&self, group: &BTreeSet<Name>) -> bool {
        self.rulings.iter().map(Ruling::ends).any(|[left, right]| {
            group.contains(&left)
                && group.contains(&right)
                && standing(self.rulings, &left, &right).is_some_and(|last| last.action() == IdentityAction::Separate)
        })
    }

    /// Weeks since the Monday before 1970.
    pub(super) fn week(&self, name: &Name) -> i64 {
        const DAY: i64 = 86_400_000_000;
        let (_, first) = self.first(name);
        (first.expect("every name was seen").0 + 3 * DAY).div_euclid(7 * DAY)
    }

    pub(super) fn strength(&self, name: &Name) -> (usize, First<'a>, Name) {
        (rank(&name.0), self.first(name), name.clone())
    }
}

/// The first touchpoint that carries all of these.
pub(super) fn first<'a>(counts: &'a [Seen], names: &[&Name]) -> Option<Place<'a>> {
    let carries = |seen: &&Seen| names.iter().all(|name| names_of(seen).contains(name));
    counts.iter().filter(carries).map(Seen::place).min()
}

pub(super) fn names_of(seen: &Seen) -> Vec<Name> {
    seen.touchpoint.identifiers.iter().map(|held| (held.namespace.clone(), held.value.clone())).collect()
}

pub(super) fn rank(namespace: &str) -> usize {
    STRENGTH.iter().position(|entry| *entry == namespace).unwrap_or(6)
}
