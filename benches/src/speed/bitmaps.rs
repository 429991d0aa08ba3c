//! Sets of customers as roaring bitmaps: what two have in common, counted alone or made.

use std::{hint::black_box, path::Path};

use anyhow::{Result, ensure};
use rand::RngExt;
use roaring::RoaringBitmap;

use crate::{
    measure::{Figure, measure},
    plan::Plan,
    sample,
    table::{Section, group},
};

/// All figures of this group.
///
/// # Errors
/// Counts that contradict each other.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let ordinals = u32::try_from(plan.rows())?;
    let mut figures = Vec::new();
    for (name, pair) in [
        ("half of all ordinals", [dense(ordinals, 0.5, 69), dense(ordinals, 0.5, 70)]),
        ("a hundredth of all ordinals", [dense(ordinals, 0.01, 71), dense(ordinals, 0.01, 72)]),
        ("a hundredth and half", [dense(ordinals, 0.01, 73), dense(ordinals, 0.5, 74)]),
        ("as many ids of 32 bits", [sparse(ordinals, 75), sparse(ordinals, 76)]),
    ] {
        check(&pair)?;
        // What takes a good part of a second is done once a pass.
        let times = if plan.quick || pair[0].max() > Some(ordinals) { 1 } else { 20 };
        figures.extend(of_pair(plan, name, &pair, times));
    }
    let note = format!(
        "One operation is one pair of bitmaps over {} ordinals, as dense ordinals of customers are, or over as many ids drawn from all of \
         32 bits. \"Counted\": the cardinality alone.",
        group(f64::from(ordinals))
    );
    Ok(Section { title: "Bitmaps", note, figures })
}

/// Each ordinal with this probability.
fn dense(ordinals: u32, share: f64, stream: u64) -> RoaringBitmap {
    let mut random = sample::random(stream);
    (0..ordinals).filter(|_| random.random_bool(share)).collect()
}

/// So many ids, wherever they fall.
fn sparse(count: u32, stream: u64) -> RoaringBitmap {
    let mut random = sample::random(stream);
    (0..count).map(|_| random.random::<u32>()).collect()
}

fn check([one, other]: &[RoaringBitmap; 2]) -> Result<()> {
    let (both, any) = (one.intersection_len(other), one.union_len(other));
    ensure!(one != other, "the two bitmaps are the same");
    ensure!(both + any == one.len() + other.len(), "and and or do not add up");
    ensure!(both == (one & other).len() && any == (one | other).len(), "what is counted is not what is made");
    ensure!(one.difference_len(other) == (one - other).len(), "what is counted is not what is made");
    Ok(())
}

type Count = fn(&RoaringBitmap, &RoaringBitmap) -> u64;
type Make = fn(&RoaringBitmap, &RoaringBitmap) -> RoaringBitmap;

const COUNTED: [(&str, Count); 3] = [
    ("AND", |one, other| one.intersection_len(other)),
    ("OR", |one, other| one.union_len(other)),
    ("ANDNOT", |one, other| one.difference_len(other)),
];
const MADE: [(&str, Make); 3] =
    [("AND", |one, other| one & other), ("OR", |one, other| one | other), ("ANDNOT", |one, other| one - other)];

fn of_pair(plan: &Plan, name: &str, [one, other]: &[RoaringBitmap; 2], times: u64) -> Vec<Figure> {
    let row = |what: &str, mut work: Box<dyn FnMut() -> u64 + '_>| {
        let mut count = 0;
        let figure = measure(&format!("{name}: {what}"), plan.passes(), times, || {
            (0..times).for_each(|_| count = black_box(work()));
        });
        figure.remark(format!("{} ids", group(count as f64)))
    };
    let mut figures = Vec::new();
    for (operation, count) in COUNTED {
        figures.push(row(&format!("{operation}, counted"), Box::new(|| count(black_box(one), black_box(other)))));
    }
    for (operation, make) in MADE {
        figures.push(row(&format!("{operation}, made"), Box::new(|| make(black_box(one), black_box(other)).len())));
    }
    figures.push(row(
        "all of the first, one by one",
        Box::new(|| one.iter().filter(|id| black_box(*id) < u32::MAX).count() as u64),
    ));
    let bytes = one.serialized_size() as f64 / one.len() as f64;
    figures
        .into_iter()
        .map(|figure| {
            let remark = format!("{}; the first {bytes:.2} B an id", figure.remark);
            figure.remark(remark)
        })
        .collect()
}
