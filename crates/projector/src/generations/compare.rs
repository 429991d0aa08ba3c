//! What differs between two generations: every customer of one looked up in the other, and the other way round, on all processors.
//! Where the digests of all parts are equal nobody differs, and nobody is looked up.
//!
//! Each side is one snapshot. Memory does not grow with the number of customers that differ: examples are counted off.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZero,
    panic,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use identity::{CustomerIdentity, Rules};
use profile::State;
use proto::admin::{CustomerDifference, DiffRebuildResponse, PartDigest};
use store::{
    CustomerRows, Resolved, Snapshot, StoreError,
    customers::Part,
    digest::{self, StateDigest},
};
use types::HashKey;

use super::{Generations, Next, RebuildError, Served, figures};

/// Most examples of an answer.
pub(crate) const EXAMPLES_MAX: usize = 1_000;
/// Most threads of a comparison.
const THREADS_MAX: usize = 8;
/// How often both sides are looked at again for equal offsets, and how long after.
const LOOKS: u32 = 40;
const LOOK_AGAIN: Duration = Duration::from_millis(25);

impl Generations {
    /// Compares the live generation with the one being built, or else with the previous one; ends early once `given_up` is set.
    ///
    /// # Errors
    /// `NothingToCompare`, `GivenUp`, or a state cannot be read.
    pub fn compare(&self, examples_max: usize, given_up: &AtomicBool) -> Result<DiffRebuildResponse, RebuildError> {
        let (numbers, live, other) = {
            let held = self.held();
            let other = held.next(Next::Building).or_else(|_| held.next(Next::Previous));
            let other = other.map_err(|_| RebuildError::NothingToCompare)?;
            ((held.live.number, other.number), held.live.served(), other.served())
        };
        let (there, here) = level(&live, &other, given_up)?;
        let hash_key = &self.maker.settings.projector.hash_key;
        let live = Side { snapshot: &there, rules: &live.rules, hash_key };
        let other = Side { snapshot: &here, rules: &other.rules, hash_key };
        let digests = digests(&live, &other)?;
        let found = match digests {
            (ref live, ref other) if live == other => Found::alike(live.count(digest::CUSTOMERS)),
            _ => Comparison { live, other, examples_max, given_up }.everybody()?,
        };
        Ok(DiffRebuildResponse {
            live_generation: numbers.0,
            other_generation: numbers.1,
            live_applied: live.applied()?,
            other_applied: other.applied()?,
            same_offsets: live.applied()? == other.applied()?,
            digests: shown(&digests.0, &digests.1),
            ..found.into_response()
        })
    }
}

/// Snapshots of both at equal offsets; if that does not come about within a second, as they are.
fn level<'a>(
    live: &'a Served,
    other: &'a Served,
    given_up: &AtomicBool,
) -> Result<(Snapshot<'a>, Snapshot<'a>), StoreError> {
    let mut pair = (live.store.snapshot(), other.store.snapshot());
    for _ in 0..LOOKS {
        if applied(&pair.0)? == applied(&pair.1)? || given_up.load(Ordering::Relaxed) {
            break;
        }
        thread::park_timeout(LOOK_AGAIN);
        pair = (live.store.snapshot(), other.store.snapshot());
    }
    Ok(pair)
}

fn applied(snapshot: &Snapshot<'_>) -> Result<BTreeMap<u32, u64>, StoreError> {
    Ok(snapshot.shards()?.into_iter().map(|(partition, row)| (partition, row.applied)).collect())
}

/// One of the two.
#[derive(Clone, Copy)]
struct Side<'a> {
    snapshot: &'a Snapshot<'a>,
    rules: &'a Rules,
    hash_key: &'a HashKey,
}

impl<'a> Side<'a> {
    fn applied(&self) -> Result<BTreeMap<u32, u64>, StoreError> {
        applied(self.snapshot)
    }

    fn rows(&self) -> CustomerRows<'a> {
        CustomerRows::new(self.snapshot, self.rules, self.hash_key)
    }
}

/// The digests of both, one thread each.
fn digests(live: &Side<'_>, other: &Side<'_>) -> Result<(StateDigest, StateDigest), StoreError> {
    let of = |side: &Side<'_>| StateDigest::of(side.snapshot, side.rules, side.hash_key);
    thread::scope(|scope| {
        let other = scope.spawn(|| of(other));
        Ok((of(live)?, other.join().unwrap_or_else(|cause| panic::resume_unwind(cause))?))
    })
}

fn shown(live: &StateDigest, other: &StateDigest) -> Vec<PartDigest> {
    let parts: BTreeSet<&String> = live.parts.keys().chain(other.parts.keys()).collect();
    let hex =
        |digest: &StateDigest, part: &String| digest.parts.get(part).map_or_else(String::new, |part| part.to_hex());
    let both = |part: &String| PartDigest { part: part.clone(), live: hex(live, part), other: hex(other, part) };
    let state = PartDigest { part: "state".to_owned(), live: live.state(), other: other.state() };
    std::iter::once(state).chain(parts.into_iter().map(both)).collect()
}

/// Everybody of one side held against the other.
struct Comparison<'a> {
    live: Side<'a>,
    other: Side<'a>,
    examples_max: usize,
    given_up: &'a AtomicBool,
}

/// What was found of some or all customers.
#[derive(Default)]
struct Found {
    counts: DiffRebuildResponse,
    examples: Vec<CustomerDifference>,
    examples_max: usize,
}

impl Comparison<'_> {
    /// In as many parts as there are processors.
    fn everybody(&self) -> Result<Found, RebuildError> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS_MAX);
        let compared = |part: &Part| {
            let mut found = Found { examples_max: self.examples_max, ..Found::default() };
            self.walk_live(part, &mut found)?;
            self.walk_other(part, &mut found)?;
            Ok(found)
        };
        thread::scope(|scope| {
            let compared = &compared;
            let parts: Vec<_> =
                Part::split(threads).into_iter().map(|part| scope.spawn(move || compared(&part))).collect();
            let found = parts.into_iter().map(|part| part.join().unwrap_or_else(|cause| panic::resume_unwind(cause)));
            found.reduce(|all, more| Ok(all?.and(more?))).unwrap_or_else(|| Ok(Found::default()))
        })
    }

    fn walk_live(&self, part: &Part, found: &mut Found) -> Result<(), RebuildError> {
        let (rows, there) = (self.live.rows(), self.other.rows());
        rows.for_each_in(part, |customer| {
            self.go_on()?;
            found.counts.live_customers += 1;
            there.forget();
            let Some(became) = there.find(customer.identity.id)? else {
                found.counts.only_live += 1;
                found.example(&customer.identity, "customer", names(&customer), "none".to_owned());
                return Ok(());
            };
            let states = (rows.state(&customer.identity)?, there.state(&became.identity)?);
            found.add(&customer, &became, &states);
            Ok(())
        })
    }

    /// Customers that no customer of the live side became.
    fn walk_other(&self, part: &Part, found: &mut Found) -> Result<(), RebuildError> {
        let (rows, there) = (self.other.rows(), self.live.rows());
        rows.for_each_in(part, |customer| {
            self.go_on()?;
            found.counts.other_customers += 1;
            there.forget();
            let before = there.find(customer.identity.id)?;
            let became = |before: &Resolved| holds(&customer.identity, &before.identity);
            if !before.as_ref().is_some_and(became) {
                found.counts.only_other += 1;
                let before = before.as_ref().map_or_else(|| "none".to_owned(), names);
                found.example(&customer.identity, "customer", before, names(&customer));
            }
            Ok(())
        })
    }

    fn go_on(&self) -> Result<(), RebuildError> {
        if self.given_up.load(Ordering::Relaxed) { Err(RebuildError::GivenUp) } else { Ok(()) }
    }
}

impl Found {
    /// So many customers on both sides, none of whom differs.
    fn alike(customers: u64) -> Self {
        let counts = DiffRebuildResponse {
            live_customers: customers,
            other_customers: customers,
            same: customers,
            ..DiffRebuildResponse::default()
        };
        Self { counts, ..Self::default() }
    }

    /// What was found of two parts.
    fn and(mut self, more: Self) -> Self {
        let (all, counts) = (&mut self.counts, more.counts);
        all.live_customers += counts.live_customers;
        all.other_customers += counts.other_customers;
        all.same += counts.same;
        all.only_live += counts.only_live;
        all.only_other += counts.only_other;
        all.other_id += counts.other_id;
        all.other_identifiers += counts.other_identifiers;
        all.other_figures += counts.other_figures;
        self.examples.extend(more.examples);
        self.examples.truncate(self.examples_max);
        self
    }

    fn into_response(self) -> DiffRebuildResponse {
        DiffRebuildResponse { examples: self.examples, ..self.counts }
    }

    fn add(&mut self, live: &Resolved, other: &Resolved, states: &(State, State)) {
        let mut same = true;
        let ids = (live.identity.id, other.identity.id);
        if ids.0 != ids.1 {
            (same, self.counts.other_id) = (false, self.counts.other_id + 1);
            self.example(&live.identity, "customer_id", ids.0.to_string(), ids.1.to_string());
        }
        let held = (names(live), names(other));
        if held.0 != held.1 {
            (same, self.counts.other_identifiers) = (false, self.counts.other_identifiers + 1);
            self.example(&live.identity, "identifiers", held.0, held.1);
        }
        // Equal states have equal figures, and most are equal.
        if states.0 != states.1 {
            let figures = (figures::of(&states.0), figures::of(&states.1));
            if figures.0 != figures.1 {
                (same, self.counts.other_figures) = (false, self.counts.other_figures + 1);
                self.example_figure(&live.identity, &figures);
            }
        }
        self.counts.same += u64::from(same);
    }

    /// The first figure that differs.
    fn example_figure(&mut self, who: &CustomerIdentity, (live, other): &(figures::Figures, figures::Figures)) {
        let value = |side: &figures::Figures, name: &String| side.get(name).map_or("none", String::as_str).to_owned();
        let mut names: BTreeSet<&String> = live.keys().chain(other.keys()).collect();
        names.retain(|name| live.get(*name) != other.get(*name));
        // The last by name is the count of touchpoints: where it differs, it says more than the metrics that follow from it.
        if let Some(name) = names.last() {
            self.example(who, name, value(live, name), value(other, name));
        }
    }

    fn example(&mut self, who: &CustomerIdentity, field: &str, live: String, other: String) {
        if self.examples.len() < self.examples_max {
            let customer_id = who.id.to_string();
            self.examples.push(CustomerDifference { customer_id, field: field.to_owned(), live, other });
        }
    }
}

/// Whether a customer holds the identifier that another has its id from.
fn holds(customer: &CustomerIdentity, other: &CustomerIdentity) -> bool {
    customer.identifiers.iter().any(|(id, _)| *id == other.id)
}

/// Identifiers in the order of their texts.
fn names(customer: &Resolved) -> String {
    let mut names: Vec<String> =
        customer.identity.identifiers.iter().map(|(_, node)| node.identifier.to_string()).collect();
    names.sort_unstable();
    names.join(", ")
}
