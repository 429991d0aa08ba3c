//! What differs between two generations: every customer of one looked up in the other, and the other way round.
//!
//! Each side is one snapshot. Memory does not grow with the number of customers that differ: examples are counted off.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use identity::{CustomerIdentity, Rules};
use proto::admin::{CustomerDifference, DiffRebuildResponse, PartDigest};
use store::{CustomerRows, Resolved, Snapshot, StoreError, digest::StateDigest};
use types::HashKey;

use super::{Generations, Next, RebuildError, Served, figures};

/// Most examples of an answer.
pub(crate) const EXAMPLES_MAX: usize = 1_000;
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
        let report = DiffRebuildResponse {
            live_generation: numbers.0,
            other_generation: numbers.1,
            live_applied: live.applied()?,
            other_applied: other.applied()?,
            same_offsets: live.applied()? == other.applied()?,
            digests: digests(&live, &other)?,
            ..DiffRebuildResponse::default()
        };
        let mut comparison = Comparison { live, other, report, examples_max, given_up };
        comparison.walk_live()?;
        comparison.walk_other()?;
        Ok(comparison.report)
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

fn digests(live: &Side<'_>, other: &Side<'_>) -> Result<Vec<PartDigest>, StoreError> {
    let of = |side: &Side<'_>| StateDigest::of(side.snapshot, side.rules, side.hash_key);
    let (live, other) = (of(live)?, of(other)?);
    let parts: BTreeSet<&String> = live.parts.keys().chain(other.parts.keys()).collect();
    let hex =
        |digest: &StateDigest, part: &String| digest.parts.get(part).map_or_else(String::new, |part| part.to_hex());
    let both = |part: &String| PartDigest { part: part.clone(), live: hex(&live, part), other: hex(&other, part) };
    let state = PartDigest { part: "state".to_owned(), live: live.state(), other: other.state() };
    Ok(std::iter::once(state).chain(parts.into_iter().map(both)).collect())
}

struct Comparison<'a> {
    live: Side<'a>,
    other: Side<'a>,
    report: DiffRebuildResponse,
    examples_max: usize,
    given_up: &'a AtomicBool,
}

impl Comparison<'_> {
    fn walk_live(&mut self) -> Result<(), RebuildError> {
        let rows = self.live.rows();
        rows.for_each(|customer| {
            self.go_on()?;
            self.report.live_customers += 1;
            let there = self.other.rows();
            let Some(found) = there.find(customer.identity.id)? else {
                self.report.only_live += 1;
                self.example(&customer.identity, "customer", names(&customer), "none".to_owned());
                return Ok(());
            };
            let figures = (figures::of(&rows.state(&customer.identity)?), figures::of(&there.state(&found.identity)?));
            self.add(&customer, &found, &figures);
            Ok(())
        })
    }

    /// Customers that no customer of the live side became.
    fn walk_other(&mut self) -> Result<(), RebuildError> {
        let rows = self.other.rows();
        rows.for_each(|customer| {
            self.go_on()?;
            self.report.other_customers += 1;
            let before = self.live.rows().find(customer.identity.id)?;
            let became = |before: &Resolved| holds(&customer.identity, &before.identity);
            if !before.as_ref().is_some_and(became) {
                self.report.only_other += 1;
                let before = before.as_ref().map_or_else(|| "none".to_owned(), names);
                self.example(&customer.identity, "customer", before, names(&customer));
            }
            Ok(())
        })
    }

    fn add(&mut self, live: &Resolved, other: &Resolved, figures: &(figures::Figures, figures::Figures)) {
        let mut same = true;
        let ids = (live.identity.id.to_string(), other.identity.id.to_string());
        if ids.0 != ids.1 {
            (same, self.report.other_id) = (false, self.report.other_id + 1);
            self.example(&live.identity, "customer_id", ids.0, ids.1);
        }
        let held = (names(live), names(other));
        if held.0 != held.1 {
            (same, self.report.other_identifiers) = (false, self.report.other_identifiers + 1);
            self.example(&live.identity, "identifiers", held.0, held.1);
        }
        if figures.0 != figures.1 {
            (same, self.report.other_figures) = (false, self.report.other_figures + 1);
            self.example_figure(&live.identity, figures);
        }
        self.report.same += u64::from(same);
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
        if self.report.examples.len() < self.examples_max {
            let customer_id = who.id.to_string();
            self.report.examples.push(CustomerDifference { customer_id, field: field.to_owned(), live, other });
        }
    }

    fn go_on(&self) -> Result<(), RebuildError> {
        if self.given_up.load(Ordering::Relaxed) { Err(RebuildError::GivenUp) } else { Ok(()) }
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
