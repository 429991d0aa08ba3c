//! Laws of the whole path: the same set of touchpoints and decisions gives the same digest, whatever the order of arrival, the
//! copies, the number of partitions, the size of batches and the crashes on the way.
#![cfg(test)]

use proptest::prelude::*;
use tests::{
    pipeline::{
        Arrival, Pipeline,
        runs::{Run, digest_of},
    },
    reference::arbitrary,
};
use types::Micros;

/// Arrivals, and the same again: shuffled, some of them several times, received at other times.
fn arrivals() -> impl Strategy<Value = (Vec<Arrival>, Vec<Arrival>)> {
    arbitrary::arrivals(25).prop_flat_map(|once| {
        let times = prop::collection::vec((1..3_usize, 0..20_i64), once.len());
        let again = (Just(once.clone()), times).prop_map(|(once, times)| {
            let again = |(one, (times, at)): (Arrival, (usize, i64))| {
                let at = Micros(1_950_000_000_000_000 + at * 1_000_000);
                std::iter::repeat_n(one.received_at(at), times)
            };
            once.into_iter().zip(times).flat_map(again).collect::<Vec<Arrival>>()
        });
        (Just(once), again.prop_shuffle())
    })
}

fn cases() -> u32 {
    std::env::var("PATRON_STORE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_digest_depends_on_the_set_alone((once, again) in arrivals(), run in arbitrary::run()) {
        let (expected, digest) = (digest_of(&once, &Run::plain()), digest_of(&again, &run));
        prop_assert_eq!(&digest.parts, &expected.parts);
        prop_assert_eq!(digest.state(), expected.state());
    }
}

fn touchpoint(message: &str, total: &str) -> Arrival {
    let order = tests::touchpoints::order(message, 1_000, "user_id:ann", "o1", total);
    Arrival::from((order, Micros(2_000_000_000)))
}

/// Or the crashes of these laws would be none.
#[test]
fn a_crash_takes_what_was_not_on_the_disk_and_it_is_folded_again() {
    let arrivals: Vec<Arrival> = (0..20).map(|number| touchpoint(&number.to_string(), "5.00")).collect();
    let counted =
        |pipeline: &Pipeline| pipeline.digest().parts.get("touchpoints").map_or(0, profile::digest::Digest::count);
    let mut pipeline = Pipeline::new(1);
    pipeline.append(&arrivals);
    for kept in [0, 500] {
        pipeline.fold(1);
        assert_eq!(counted(&pipeline), 20);
        pipeline = pipeline.crash(kept);
        assert_eq!(counted(&pipeline) > 0, kept > 0, "{kept} thousandths are kept");
        assert!(counted(&pipeline) < 20, "{kept} thousandths are kept");
    }
    pipeline.fold(1);
    assert_eq!(pipeline.digest().parts, digest_of(&arrivals, &Run::plain()).parts);
}

#[test]
fn another_set_has_another_digest() {
    let digest = |set: &[Arrival]| digest_of(set, &Run::plain()).state();
    let one = digest(&[touchpoint("1", "5.00")]);
    for other in [
        vec![touchpoint("1", "5.01")],
        vec![touchpoint("2", "5.00")],
        vec![touchpoint("1", "5.00"), touchpoint("2", "5.00")],
    ] {
        assert_ne!(digest(&other), one);
    }
}
