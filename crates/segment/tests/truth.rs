//! The truth of segments: random conditions over random customers, against a naive scan that looks at every touchpoint for
//! every question, at moving instants; no change between an instant and the one that is named as the next.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};

use expr::{Surroundings, evaluate};
use proptest::prelude::*;
use segment::{Customer, Definition, Segments, Until, schema, until};
use types::{Catalogue, Micros};

#[path = "truth/condition.rs"]
mod condition;
#[path = "truth/deed.rs"]
mod deed;
#[path = "truth/feed.rs"]
mod feed;
#[path = "truth/naive.rs"]
mod naive;
#[path = "truth/zone.rs"]
mod zone;

use condition::{Condition, any_condition};
use deed::{DAY, Deed, START, any_deeds, customer};
use zone::{ZONES, Zone};

fn cases() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "the number of cases is the tester's choice, and changes no result")]
    let asked = std::env::var("PATRON_SEGMENT_CASES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

/// Segments `inner` (named by some conditions) and `outer`, compiled, by the calendar of a zone.
fn segments(inner: &Condition, outer: &Condition, zone: &Zone) -> Segments {
    let definition = |name: &str, condition: &Condition| Definition {
        name: name.to_owned(),
        version: 1,
        expression: condition.to_string(),
    };
    let definitions = [definition("inner", inner), definition("outer", outer)];
    let schema = schema::schema(&Catalogue::default(), []);
    let compiled = Segments::compile(&definitions, &schema);
    let compiled = compiled.unwrap_or_else(|findings| panic!("{}", findings[0].error.render(&findings[0].name)));
    compiled.in_zone(expr::Zone::named(zone.name).unwrap())
}

/// Instants at which something could change: those of deeds, moved by every length of time that a condition names, the turns of
/// the calendar, and for two days each half hour, each with the microseconds beside it.
fn candidates(
    deeds: &[Deed],
    (inner, outer): (&Condition, &Condition),
    zone: &Zone,
    from: i64,
    before: i64,
) -> Vec<i64> {
    let mut spans = BTreeSet::from([0]);
    inner.each_span(&mut |span| spans.extend([span]));
    outer.each_span(&mut |span| spans.extend([span]));
    let sums: BTreeSet<i64> = spans.iter().flat_map(|one| spans.iter().map(move |other| one + other)).collect();
    let moved = deeds.iter().flat_map(|deed| sums.iter().map(move |span| deed.at + span));
    let turns = zone.turns();
    let turns = turns.iter().flat_map(|turn| spans.iter().flat_map(move |span| [turn - span, turn + span]));
    let hours = (from.div_euclid(deed::HOUR) * 2..).map(|half| half * deed::HOUR / 2).take(96);
    let hours = hours.flat_map(|hour| spans.iter().map(move |span| hour + span % deed::HOUR));
    let all: BTreeSet<i64> = moved.chain(turns).chain(hours).flat_map(|at| [at - 1, at, at + 1]).collect();
    all.into_iter().filter(|at| *at > from && *at < before).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn truth_is_that_of_a_naive_scan_at_every_instant(
        (inner, outer) in (any_condition(false), any_condition(true)),
        population in prop::collection::vec(any_deeds(), 1..4),
        instants in prop::collection::vec(START..START + 80 * DAY, 3),
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let segments = segments(&inner, &outer, &zone);
        for deeds in &population {
            let customer = customer(deeds);
            for now in &instants {
                let truth = |at: i64| naive::truth(&outer, &inner, deeds, &zone, at);
                let said = segments.membership("outer", &customer, Micros(*now)).unwrap();
                prop_assert_eq!(said.member, truth(*now), "{} at {}", outer, now);
                let before = said.next.map_or(i64::MAX, |next| next.0);
                prop_assert!(before > *now);
                for at in candidates(deeds, (&inner, &outer), &zone, *now, before) {
                    prop_assert_eq!(said.member, truth(at), "{}: changed at {} before {}", outer, at, before);
                }
            }
        }
    }

    #[test]
    fn the_change_comes_at_its_instant_and_not_before(
        (inner, outer) in (any_condition(false), any_condition(true)), deeds in any_deeds(), now in START..START + 80 * DAY,
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let segments = segments(&inner, &outer, &zone);
        let customer = customer(&deeds);
        let truth = |at: i64| naive::truth(&outer, &inner, &deeds, &zone, at);
        let (_, program) = segments.get("outer").unwrap();
        match until(program, &customer, &segments, Micros(now)) {
            Until::Changes(Micros(at)) => {
                prop_assert_eq!(truth(at - 1), truth(now), "{} early", outer);
                prop_assert_ne!(truth(at), truth(now), "{} at {}", outer, at);
            }
            Until::Never => {
                for at in candidates(&deeds, (&inner, &outer), &zone, now, i64::MAX) {
                    prop_assert_eq!(truth(at), truth(now), "{}: changed at {}", outer, at);
                }
            }
            Until::AtLeast(_) => {}
        }
    }

    /// A proof's outcome is the verdict, and each of its parts follows from its own parts.
    #[test]
    fn proofs_prove(
        (inner, outer) in (any_condition(false), any_condition(true)), deeds in any_deeds(), now in START..START + 80 * DAY,
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let segments = segments(&inner, &outer, &zone);
        let customer = customer(&deeds);
        let proof = segments.prove("outer", &customer, Micros(now)).unwrap();
        let verdict = evaluate(segments.segment("outer").unwrap(), &customer, &segments, Micros(now));
        prop_assert_eq!(proof.outcome == expr::Outcome::True, verdict.truth);
        prop_assert!(follows(&proof), "{:?}", proof);
        prop_assert!(proof.touchpoints.iter().all(|place| *place < deeds.len()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// Laid side by side, conditions come to what each comes to by itself, and name the same next change.
    #[test]
    fn side_by_side_is_as_alone(
        (inner, outer) in (any_condition(false), any_condition(true)), deeds in any_deeds(), now in START..START + 80 * DAY,
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let segments = segments(&inner, &outer, &zone);
        let customer = customer(&deeds);
        let all = segments.memberships(&customer, Micros(now));
        prop_assert_eq!(all.len(), 2);
        for (name, membership) in all {
            prop_assert_eq!(Some(membership), segments.membership(&name, &customer, Micros(now)), "{} {}", name, outer);
        }
    }

    /// Parts that are joined by logic of three values come to what the whole comes to.
    #[test]
    fn parts_come_to_the_whole(
        (inner, outer) in (any_condition(false), any_condition(true)), deeds in any_deeds(), now in START..START + 80 * DAY,
        zone in prop::sample::select(&ZONES[..]),
    ) {
        let segments = segments(&inner, &outer, &zone);
        let customer = customer(&deeds);
        let program = segments.segment("outer").unwrap();
        let ask = |program: &expr::Program| {
            expr::outcome_beside(program, &customer, &segments, Micros(now), &expr::Memo::default()).0
        };
        prop_assert_eq!(joined(program.parts(), &segments, &ask), ask(program), "{}", outer);
    }
}

fn joined(
    parts: expr::Parts<'_>,
    segments: &Segments,
    ask: &impl Fn(&expr::Program) -> expr::Outcome,
) -> expr::Outcome {
    use expr::{Outcome, Parts};
    let side = |side: expr::parts::Joined<'_>| joined(side.parts(), segments, ask);
    let not = |outcome| match outcome {
        Outcome::True => Outcome::False,
        Outcome::False => Outcome::True,
        Outcome::Unknown => Outcome::Unknown,
    };
    let and = |left, right| match (left, right) {
        (Outcome::False, _) | (_, Outcome::False) => Outcome::False,
        (Outcome::True, Outcome::True) => Outcome::True,
        _ => Outcome::Unknown,
    };
    match parts {
        Parts::Condition(program) => ask(program),
        Parts::Segment(name) => match joined(segments.segment(name).unwrap().parts(), segments, ask) {
            Outcome::True => Outcome::True,
            Outcome::False | Outcome::Unknown => Outcome::False,
        },
        Parts::Not(operand) => not(side(operand)),
        Parts::And(left, right) => and(side(left), side(right)),
        Parts::Or(left, right) => not(and(not(side(left)), not(side(right)))),
    }
}

fn follows(proof: &expr::Proof) -> bool {
    use expr::Outcome::{False, True};
    let outcomes: Vec<expr::Outcome> = proof.parts.iter().map(|part| part.outcome).collect();
    let right = match proof.text.as_str() {
        "&&" => (proof.outcome == True) == outcomes.iter().all(|outcome| *outcome == True),
        "||" => (proof.outcome == False) == outcomes.iter().all(|outcome| *outcome == False),
        "!" => (proof.outcome == True) == (outcomes == [False]),
        _ => true,
    };
    right && proof.parts.iter().all(follows)
}

#[test]
fn circles_are_refused() {
    let definition = |name: &str, expression: &str| Definition {
        name: name.to_owned(),
        version: 1,
        expression: expression.to_owned(),
    };
    let schema = schema::schema(&Catalogue::default(), []);
    let circle = [
        definition("a", r#"segment("b") && metrics.orders > 1"#),
        definition("b", r#"!segment("c")"#),
        definition("c", r#"segment("a")"#),
        definition("d", "true"),
    ];
    let findings = Segments::compile(&circle, &schema).unwrap_err();
    let names: BTreeMap<_, _> =
        findings.iter().map(|finding| (finding.name.as_str(), &finding.error.message)).collect();
    assert_eq!(names.keys().copied().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(names["a"].contains("circle"), "{}", names["a"]);
    assert!(Segments::compile(&[definition("self", r#"segment("self")"#)], &schema).is_err());
    let none = Customer::of_touchpoints(Vec::new(), BTreeSet::new(), types::HashKey::new([7; 32]));
    let fine = Segments::compile(&[definition("d", "true")], &schema).unwrap();
    assert!(fine.membership("d", &none, Micros(0)).unwrap().member);
}

#[test]
fn the_first_anniversary_of_a_date_that_lies_years_ahead_is_named() {
    let (name, expression) = ("ahead".to_owned(), r#"anniversary("2040-05-17", "7d")"#.to_owned());
    let schema = schema::schema(&Catalogue::default(), []);
    let segments = Segments::compile(&[Definition { name, version: 1, expression }], &schema).unwrap();
    let who = Customer::of_touchpoints(Vec::new(), BTreeSet::new(), types::HashKey::new([7; 32]));
    let said = segments.membership("ahead", &who, Micros(START)).unwrap();
    assert_eq!((said.member, said.next), (false, Some(Micros::parse_rfc3339("2041-05-10T00:00:00Z").unwrap())));
}
