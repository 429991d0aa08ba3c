//! The feed of memberships: whatever comes late and whenever somebody looks, the changes told so far, replayed, are the
//! membership of now; each change has its exact instant, none comes early, and none is told twice.

use std::collections::BTreeMap;

use expr::{Depth, Reach};
use proptest::prelude::*;
use segment::{
    Advance, Customer, Definition, Due, Facets, Groups, Ordinal, Segments, Told,
    advance::{Happened, advance},
    comes_true, foresee, schema,
};
use types::{Catalogue, Micros};

use crate::{
    cases,
    condition::{Condition, Limit, Set, any_condition},
    deed::{self, DAY, Deed, START, any_deeds, customer},
    naive,
    zone::{ZONES, Zone},
};

fn segments(conditions: &[(&str, &Condition)], zone: &Zone) -> Segments {
    let definition = |(name, condition): &(&str, &Condition)| Definition {
        name: (*name).to_owned(),
        version: 1,
        expression: condition.to_string(),
    };
    let definitions: Vec<Definition> = conditions.iter().map(definition).collect();
    let compiled = Segments::compile(&definitions, &schema::schema(&Catalogue::default(), [])).unwrap();
    compiled.numbered(number).in_zone(expr::Zone::named(zone.name).unwrap())
}

/// Segments of these tests, each with the number that it keeps.
const NAMES: [&str; 5] = ["a", "b", "c", "one", "other"];

fn number(name: &str) -> Option<Ordinal> {
    NAMES.iter().position(|held| *held == name).map(|place| place.try_into().unwrap())
}

fn name(segment: Ordinal) -> &'static str {
    NAMES[usize::try_from(segment).unwrap()]
}

/// A look at what has been delivered by then, so many microseconds after the look before.
#[derive(Clone, Debug)]
enum Look {
    After(i64),
    /// At the instant that the look before named as the next.
    AtNext,
}

fn any_looks() -> impl Strategy<Value = Vec<(Look, usize)>> {
    let look = prop_oneof![(0..12 * DAY).prop_map(Look::After), Just(Look::After(0)), Just(Look::AtNext)];
    prop::collection::vec((look, 0..4_usize), 1..9)
}

/// What these deeds are to segments: anything where there is no telling.
fn happened(segments: &Segments, news: &[Deed]) -> Happened {
    let Some(since) = news.iter().map(|deed| deed.at).min() else { return Happened::NOTHING };
    let facets = deed::touchpoints(news).map(|touchpoint| Facets::of_touchpoint(&touchpoint));
    Happened::touchpoints(segments, facets.fold(Facets::default(), Facets::and), Micros(since))
}

/// An advance that is given no more of the customer than it asks for, as the publisher does.
fn step(segments: &Segments, delivered: &[Deed], told: &Told, happened: &Happened, now: Micros) -> Advance {
    let Some(from) = told.earliest(happened, now) else {
        return Advance { changes: Vec::new(), told: Told { until: told.until.max(Some(now)), ..told.clone() } };
    };
    let groups = happened.groups.and(told.is_due(now.max(told.until.unwrap_or(now))));
    let customer = customer_from(segments, delivered, groups, from);
    advance(segments, &customer, told, happened, now)
}

/// What is loaded of a customer to look at these groups from an instant on.
fn customer_from(segments: &Segments, delivered: &[Deed], groups: Groups, from: Micros) -> Customer {
    let ahead = delivered.last().is_some_and(|last| last.at > from.0);
    let depth = segments.depth(groups);
    let since = match segments.reach(groups) {
        _ if ahead && depth > Depth::Nothing => i64::MIN,
        Reach::Life => i64::MIN,
        Reach::Span(span) => from.0.saturating_sub(span),
        Reach::Nothing => from.0,
    };
    deed::customer_since(delivered, since, depth)
}

/// What time brings without a look is what a look finds; where it cannot be said, working it out before makes it so. What is told then
/// without a look; `None` where somebody has to look.
fn without_a_look(
    segments: &Segments,
    delivered: &[Deed],
    told: &Told,
    looked: &Advance,
    now: Micros,
) -> Result<Option<Advance>, TestCaseError> {
    let Some(at) = told.next().filter(|at| *at <= now) else { return Ok(None) };
    let foreseen = foresee(segments, &customer_from(segments, delivered, told.unclear(), Micros(at.0 - 1)), told);
    prop_assert!(foreseen.unclear().is_empty());
    let came = comes_true(segments, &foreseen, now);
    for came in came.iter().chain(&comes_true(segments, told, now)) {
        prop_assert_eq!(&came.changes, &looked.changes);
        prop_assert_eq!(&came.told.segments, &looked.told.segments);
    }
    let again = |due: &Due| due.brings.as_ref().is_some_and(|brings| brings.then.is_some_and(|then| then <= now));
    prop_assert!(came.is_some() || foreseen.due.values().any(|due| due.at <= now && again(due)), "{:?}", foreseen);
    Ok(came)
}

/// Applies changes to a set of names, each of which must be entered before it is left.
fn replay(members: &mut BTreeMap<&'static str, i64>, told: &Advance) -> Result<(), TestCaseError> {
    for change in &told.changes {
        match (change.entered, members.remove(name(change.segment))) {
            (true, None) => drop(members.insert(name(change.segment), change.effective_at.0)),
            (false, Some(since)) => prop_assert!(since <= change.effective_at.0),
            (_, held) => prop_assert!(false, "{:?} while it was {:?}", change, held),
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn changes_replayed_are_the_membership_of_now(
        (one, other) in (any_condition(false), any_condition(false)),
        deeds in any_deeds(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 10),
        looks in any_looks(),
        start in START..START + 20 * DAY,
        zone in prop::sample::select(&ZONES[..]),
        (whole, foretold) in any::<(bool, bool)>(),
    ) {
        let segments = segments(&[("one", &one), ("other", &other)], &zone);
        let mut waiting: Vec<Deed> = deeds;
        let mut delivered: Vec<Deed> = Vec::new();
        let (mut told, mut members, mut now, mut next) = (Told::default(), BTreeMap::new(), start, None::<Micros>);
        for (at, (look, deliveries)) in looks.into_iter().enumerate() {
            let quiet = deliveries == 0 || waiting.is_empty();
            let mut news: Vec<Deed> = Vec::new();
            for _ in 0..deliveries.min(waiting.len()) {
                let which = order[at % order.len()].index(waiting.len());
                news.push(waiting.remove(which));
            }
            delivered.extend(news.iter().cloned());
            delivered.sort_by_key(|deed| deed.at);
            now = match look {
                Look::After(micros) => now + micros,
                Look::AtNext => next.map_or(now, |next| next.0),
            };
            let happened = if whole || told.until.is_none() { Happened::ANYTHING } else { happened(&segments, &news) };
            let mut step = step(&segments, &delivered, &told, &happened, Micros(now));
            if quiet && told.until.is_some() && next.is_none_or(|next| now < next.0) {
                prop_assert!(step.changes.is_empty(), "nothing happened: {:?}", step.changes);
            }
            if happened == Happened::NOTHING
                && let Some(came) = without_a_look(&segments, &delivered, &told, &step, Micros(now))?
                && foretold
            {
                step = came;
            }
            replay(&mut members, &step)?;
            for (which, condition) in [("one", &one), ("other", &other)] {
                let truth = |at: i64| naive::truth(condition, condition, &delivered, &zone, at);
                prop_assert_eq!(members.contains_key(which), truth(now), "{} at {}", condition, now);
                let own = step.changes.iter().filter(|change| name(change.segment) == which);
                for change in own.filter(|change| !change.correction && told.until.is_some()) {
                    let at = change.effective_at.0;
                    prop_assert!(told.until.is_none_or(|until| until.0 < at) && at <= now);
                    prop_assert_eq!((truth(at - 1), truth(at)), (!change.entered, change.entered), "{}", condition);
                }
            }
            prop_assert_eq!(
                step.told.segments.iter().map(|(segment, entry)| (name(*segment), entry.since.0)).collect::<BTreeMap<_, _>>(),
                members.clone()
            );
            // A look tells up to now, and what comes true without one up to its own instant: what comes late after it is exact.
            prop_assert!(step.told.until >= told.until && step.told.until <= Some(Micros(now)));
            prop_assert!(step.changes.iter().all(|change| Some(change.effective_at) <= step.told.until));
            next = step.told.next();
            prop_assert!(next.is_none_or(|next| next.0 > now));
            told = step.told;
        }
    }
}

#[test]
fn what_is_defined_no_more_is_left_and_a_new_condition_switches_to_the_difference() {
    let bought = Deed { at: DAY, what: deed::What::Bought(1, 2_000), store: 1 };
    let who = customer(std::slice::from_ref(&bought));
    let (always, tier) = (Condition::Orders(1), Condition::HasTier);
    let all = &Happened::ANYTHING;
    let first =
        advance(&segments(&[("a", &always), ("b", &always)], &ZONES[0]), &who, &Told::default(), all, Micros(2 * DAY));
    let entered: Vec<(&str, bool, i64)> =
        first.changes.iter().map(|change| (name(change.segment), change.entered, change.effective_at.0)).collect();
    assert_eq!(entered, [("a", true, DAY), ("b", true, DAY)]);
    let second =
        advance(&segments(&[("b", &tier), ("c", &always)], &ZONES[0]), &who, &first.told, all, Micros(3 * DAY));
    let changed: Vec<(&str, bool)> =
        second.changes.iter().map(|change| (name(change.segment), change.entered)).collect();
    assert_eq!(changed, [("b", false), ("c", true), ("a", false)]);
    let gone = segment::advance::gone(&second.told, Micros(0));
    assert_eq!((gone.len(), name(gone[0].segment), gone[0].effective_at.0), (1, "c", 3 * DAY));
}

/// Touchpoints go to somebody else when identities part: nobody is kept in a segment because of what is no longer theirs.
#[test]
fn what_was_told_because_of_touchpoints_that_are_gone_is_left() {
    let visited = Condition::Count(Set { kind: "zone_entered", store: Some(1), limit: Limit::Life }, 1);
    let segments = segments(&[("a", &visited)], &ZONES[0]);
    let deeds = [Deed { at: DAY, what: deed::What::Entered, store: 1 }];
    let entered = advance(&segments, &customer(&deeds), &Told::default(), &Happened::ANYTHING, Micros(2 * DAY));
    assert_eq!(entered.changes.iter().map(|change| change.entered).collect::<Vec<_>>(), [true]);
    let left = advance(&segments, &customer(&[]), &entered.told, &Happened::ANYTHING, Micros(3 * DAY));
    assert_eq!(left.changes.iter().map(|change| change.entered).collect::<Vec<_>>(), [false]);
    assert!(left.told.segments.is_empty());
}
