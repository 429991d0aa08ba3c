//! The sum of the primitives: what the fold would cost if there were nothing between them.

use std::{hint::black_box, path::Path};

use anyhow::Result;
use profile::{Core, Fact, State};
use prost::Message;
use types::record::{Envelope, Touchpoint};

use super::{
    run::{FOLD_THREAD, FOLD_WALL},
    shape::{self, Shape},
};
use crate::{
    feed,
    measure::{Figure, measure, measure_prepared},
    plan::Plan,
    series::Series,
    speed::{copies, timeline},
};

/// Passes of each figure.
const PASSES: usize = 3;
/// Cores of the codec's figures.
const CORES: usize = 4_096;

/// Measures the primitives one by one and prints their sum beside the fold's own time.
pub(super) fn print(shape: &Shape, dir: &Path, series: &Series) -> Result<()> {
    let parts = parts(shape, dir)?;
    println!("### Floor\n\n{}\n", note(shape));
    println!("| primitive | ns/op | min–max | CPU ns/op | times a touchpoint | CPU ns a touchpoint |");
    println!("|---|---:|---:|---:|---:|---:|");
    for (figure, times) in &parts {
        let (wall, cpu) = (figure.wall, figure.cpu_nanos);
        println!(
            "| {} | {:.0} | {:.0}–{:.0} | {cpu:.0} | {times:.2} | {:.0} |",
            figure.name,
            wall.median,
            wall.least,
            wall.most,
            cpu * times
        );
    }
    let (wall, cpu) = parts.iter().fold((0.0, 0.0), |(wall, cpu), (figure, times)| {
        (wall + figure.wall.median * times / 1e3, cpu + figure.cpu_nanos * times / 1e3)
    });
    let (our_wall, our_cpu) = (series.spread(FOLD_WALL).median, series.spread(FOLD_THREAD).median);
    println!("\n| µs a touchpoint | floor | projector | ratio |\n|---|---:|---:|---:|");
    println!("| processor, one thread | {cpu:.2} | {our_cpu:.2} | {:.2} |", our_cpu / cpu);
    println!("| wall | {wall:.2} | {our_wall:.2} | {:.2} |\n", our_wall / wall);
    Ok(())
}

fn note(shape: &Shape) -> String {
    format!(
        "Over {} records of the same journal. A batch of the projector touches {:.3} fragments a touchpoint, of which {:.3} \
         were there before: these are read, two rows each, and decoded.",
        shape.values.len(),
        shape.touched,
        shape.known
    )
}

/// Each primitive and how many of it a touchpoint takes.
fn parts(shape: &Shape, dir: &Path) -> Result<Vec<(Figure, f64)>> {
    let plan = Plan::short();
    let (checks, commits) = (copies::checks(&plan, dir)?, timeline::synced(&plan, dir)?);
    let mut parts = vec![(decode(shape), 1.0), (hashes(shape), 1.0), (add(shape), 1.0)];
    let times = [1.0, 2.0 * shape.known];
    parts.extend(checks.into_iter().zip(times));
    let [core_decode, core_encode] = core_codec(shape);
    parts.extend([(core_decode, shape.known), (core_encode, shape.touched)]);
    parts.extend(commits.into_iter().zip([1.0 - shape.touched, shape.touched]));
    Ok(parts)
}

fn decode(shape: &Shape) -> Figure {
    measure("decode of envelope and touchpoint", PASSES, shape.values.len() as u64, || {
        for value in &shape.values {
            let envelope = Envelope::decode(value.as_slice()).expect("decoded before");
            black_box(Touchpoint::decode(envelope.payload.as_slice()).expect("decoded before"));
        }
    })
}

fn hashes(shape: &Shape) -> Figure {
    let key = feed::hash_key();
    let envelopes: Vec<Envelope> =
        shape.values.iter().map(|value| Envelope::decode(value.as_slice()).expect("decoded before")).collect();
    measure("hashes: copy key, content, identifiers, fragment", PASSES, envelopes.len() as u64, || {
        for (envelope, (touchpoint, ..)) in envelopes.iter().zip(&shape.facts) {
            black_box(key.copy_key(&envelope.partition_key, &envelope.source, &touchpoint.message_id));
            black_box(key.content_hash(&envelope.payload));
            black_box(shape::fragment(touchpoint, &key));
        }
    })
}

fn add(shape: &Shape) -> Figure {
    let key = feed::hash_key();
    let empty = || vec![State::default(); fragments(shape)];
    measure_prepared("profile::State::add", PASSES, shape.facts.len() as u64, empty, |mut states| {
        for (touchpoint, content, fragment) in &shape.facts {
            states[*fragment].add(&Fact::new(touchpoint, *content), &key);
        }
        black_box(states);
    })
}

fn core_codec(shape: &Shape) -> [Figure; 2] {
    let (key, mut states) = (feed::hash_key(), vec![State::default(); fragments(shape)]);
    for (touchpoint, content, fragment) in &shape.facts {
        states[*fragment].add(&Fact::new(touchpoint, *content), &key);
    }
    let cores: Vec<Core> = states.into_iter().take(CORES).map(|state| state.core).collect();
    let encoded: Vec<Vec<u8>> = cores.iter().map(|core| postcard::to_stdvec(core).expect("it has no limits")).collect();
    let decode = measure("core record: decode", PASSES, encoded.len() as u64, || {
        encoded.iter().for_each(|bytes| drop(black_box(postcard::from_bytes::<Core>(bytes).expect("encoded above"))));
    });
    let encode = measure("core record: encode", PASSES, cores.len() as u64, || {
        cores.iter().for_each(|core| drop(black_box(postcard::to_stdvec(core).expect("it has no limits"))));
    });
    [decode, encode]
}

fn fragments(shape: &Shape) -> usize {
    shape.facts.iter().map(|(_, _, fragment)| fragment + 1).max().unwrap_or_default()
}
