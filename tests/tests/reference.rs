//! The real thing against the naive reference model, customer by customer and field by field.
#![cfg(test)]

use profile::{Fact, State};
use proptest::prelude::*;
use prost::Message as _;
use tests::{
    pipeline::{Arrival, hash_key, runs::folded},
    reference::{Rules, Seen, Whole, answers_of, arbitrary, real},
};
use types::record::Envelope;

/// Limits so narrow that links are refused.
const LIMITS: [(&str, u32); 3] = [("user_id", 1), ("loyalty_card", 2), ("email", 2)];
const IDENTIFIERS_MAX: u32 = 6;

fn envelopes(arrivals: &[Arrival]) -> Vec<Envelope> {
    let envelope = |one: &Arrival| Envelope::decode(one.record(1).value.as_slice()).unwrap();
    arrivals.iter().map(envelope).collect()
}

fn rules() -> (identity::Rules, Rules) {
    let real = identity::Rules {
        limits: LIMITS.map(|(namespace, limit)| (namespace.to_owned(), limit)).into(),
        identifiers_max: IDENTIFIERS_MAX,
        ..identity::Rules::default()
    };
    let usizes = |limits: &std::collections::BTreeMap<String, u32>| {
        limits.iter().map(|(namespace, limit)| (namespace.clone(), *limit as usize)).collect()
    };
    let naive = Rules {
        limits: usizes(&real.limits),
        identifiers_max: IDENTIFIERS_MAX as usize,
        limits_per_week: usizes(&real.limits_per_week),
        sharing: usizes(&real.sharing),
    };
    (real, naive)
}

fn cases(variable: &str, default: u32) -> u32 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases("PATRON_STORE_CASES", 300),
        max_shrink_iters: 300,
        ..ProptestConfig::default()
    })]

    /// The whole path, from ingest's admission to RocksDB, in any order, over any partitions, in any batches, with crashes.
    #[test]
    fn the_pipeline_answers_as_the_reference_does(arrivals in arbitrary::arrivals(25), run in arbitrary::run()) {
        let (real_rules, rules) = rules();
        let expected = Whole::of(&envelopes(&arrivals), &rules, &hash_key());
        let pipeline = folded(&arrivals, &run);
        let found = real::whole(&pipeline.store().snapshot(), &real_rules, &hash_key());
        prop_assert_eq!(found.customers.keys().collect::<Vec<_>>(), expected.customers.keys().collect::<Vec<_>>());
        for (id, customer) in &expected.customers {
            prop_assert_eq!(found.customers.get(id), Some(customer), "customer {}", id);
        }
        prop_assert_eq!(found, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases("PATRON_LAW_CASES", 10_000),
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    })]

    /// The fold and ⊕ alone: any split into fragments, each folded in any order.
    #[test]
    fn the_fold_answers_as_the_reference_does(received in arbitrary::received(16), fragments in 1..5_usize) {
        let hash_key = hash_key();
        let arrivals: Vec<Arrival> = received.into_iter().map(Arrival::from).collect();
        let seen: Vec<Seen> = envelopes(&arrivals).iter().map(|envelope| Seen::of(envelope, &hash_key)).collect();
        let mut merged = State::default();
        for fragment in 0..fragments {
            let mut state = State::default();
            for one in seen.iter().skip(fragment).step_by(fragments) {
                state.add(&Fact::new(&one.touchpoint, types::ContentHash(one.content)), &hash_key);
            }
            merged.merge(state);
        }
        prop_assert_eq!(real::answers(&merged), answers_of(&seen));
    }
}
