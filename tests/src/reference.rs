//! The naive reference model: what customers should be answered, worked out from the list of envelopes by plain scans.
//!
//! Written another way than the product: no accumulators, no fragments, no merge, no cache; each question goes over all
//! touchpoints of a customer again. Owns its own arithmetic, calendar and identity. Takes from the product nothing but the
//! record messages and the keyed hashes, by which ties are broken.

use std::collections::{BTreeMap, BTreeSet};

use types::{HashKey, record::Envelope};

mod amount;
mod answers;
pub mod arbitrary;
mod calendar;
mod counting;
mod evidence;
mod orders;
mod people;
pub mod real;
mod rulings;

pub use counting::{Counted, Seen};
pub use people::{Name, Rules};
use rulings::Ruling;

/// Everything that is asked of a customer, by name: figures in 10^-12, instants in microseconds, breakdowns as `NAME/KEY`.
pub type Answers = BTreeMap<String, String>;

/// A customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customer {
    /// The strongest first, as `NAMESPACE:VALUE`.
    pub identifiers: Vec<String>,
    /// Refused links that touch one of them; the lesser name first.
    pub refused: BTreeSet<(String, String)>,
    /// All decisions about one of them, the earliest first.
    pub decisions: Vec<String>,
    /// What is known.
    pub answers: Answers,
}

/// A touchpoint that is kept: who sent it under which partition key, its payload, and its earliest receipt.
pub type Kept = (Vec<u8>, String, Vec<u8>, i64);

/// What the whole state should say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// Customers by id.
    pub customers: BTreeMap<String, Customer>,
    /// Touchpoints that count.
    pub counts: BTreeSet<Kept>,
    /// Touchpoints kept as conflicts.
    pub conflicts: BTreeSet<Kept>,
    /// Operators' decisions.
    pub decisions: BTreeSet<Kept>,
    /// How many arrivals were copies.
    pub copies: u64,
}

impl Whole {
    /// What the state should say after these envelopes, in whatever order they came.
    pub fn of(envelopes: &[Envelope], rules: &Rules, hash_key: &HashKey) -> Self {
        let Counted { counts, conflicts, copies } = counting::count(envelopes, hash_key);
        let (rulings, copies_of_rulings) = rulings::rulings(envelopes, hash_key);
        let evidence = evidence::Evidence { counts: &counts, lost: &conflicts, rulings: &rulings };
        let customer = |person: people::Person<'_>| {
            let spell = |(left, right): &(Name, Name)| (people::spelt(left), people::spelt(right));
            let customer = Customer {
                identifiers: person.identifiers.iter().map(people::spelt).collect(),
                refused: person.refused.iter().map(spell).collect(),
                decisions: person.rulings.iter().map(|ruling| ruling.told()).collect(),
                answers: answers::of(&person.touchpoints),
            };
            (person.id, customer)
        };
        Self {
            customers: people::people(&evidence, rules, hash_key).into_iter().map(customer).collect(),
            counts: counts.iter().map(Seen::kept).collect(),
            conflicts: conflicts.iter().map(Seen::kept).collect(),
            decisions: rulings.iter().map(Ruling::kept).collect(),
            copies: copies + copies_of_rulings,
        }
    }
}

/// The answers of touchpoints that are taken to be one customer's.
pub fn answers_of(touchpoints: &[Seen]) -> Answers {
    answers::of(&touchpoints.iter().collect::<Vec<_>>())
}
