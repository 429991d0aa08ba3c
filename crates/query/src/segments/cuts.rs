//! Cuts of the population: measured over all known customers as of the start of the instant's day, so that a cut does not
//! move with the clock within a day.
//!
//! Answers measure by what is known now, so a touchpoint that came late moves them; the feed keeps what it measured first that day.
//! Remembered until the state changes.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use expr::{Quantile, Surroundings as _};
use proto::segment::QuantileCut;
use store::StoreError;
use types::{ExactSum, Micros};

use super::{moment::Moment, population::Wanted};

/// Most cuts that are remembered.
const REMEMBERED_MAX: usize = 1_024;

/// A cut is found again by the store, what it has applied, its measure and part, and the day.
type Key = (String, Vec<u64>, String, i64);

static REMEMBERED: LazyLock<Mutex<BTreeMap<Key, Measured>>> = LazyLock::new(Mutex::default);

#[derive(Clone, Copy)]
struct Measured {
    cut: Option<ExactSum>,
    population: u64,
}

/// The cuts of an answer: by their keys, and as they are shown.
pub(super) fn of<'q>(
    moment: &Moment<'_>,
    quantiles: impl IntoIterator<Item = &'q Quantile>,
) -> Result<(BTreeMap<String, ExactSum>, Vec<QuantileCut>), StoreError> {
    let day = moment.segments.zone().start_of_day(moment.now);
    let (mut values, mut shown) = (BTreeMap::new(), Vec::new());
    for quantile in quantiles {
        let measured = remembered(moment, quantile, day)?;
        values.extend(measured.cut.map(|cut| (quantile.key(), cut)));
        shown.push(QuantileCut {
            key: quantile.key(),
            value: measured.cut.map_or_else(String::new, ExactSum::to_text),
            cut_at: Some(day.to_proto()),
            population: measured.population.try_into().unwrap_or(i64::MAX),
        });
    }
    Ok((values, shown))
}

fn remembered(moment: &Moment<'_>, quantile: &Quantile, day: Micros) -> Result<Measured, StoreError> {
    let applied = moment.snapshot.shards()?.into_iter().map(|(_, row)| row.applied).collect();
    let key = (format!("{:?}", moment.context.store), applied, quantile.key(), day.0);
    if let Some(known) = REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(*known);
    }
    let measured = measure(moment, quantile, day)?;
    let mut all = REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= REMEMBERED_MAX {
        all.clear();
    }
    all.insert(key, measured);
    Ok(measured)
}

fn measure(moment: &Moment<'_>, quantile: &Quantile, at: Micros) -> Result<Measured, StoreError> {
    let wanted = Wanted { from: at, ..moment.wanted([&quantile.measure], false) };
    let values = moment.tally(wanted, Vec::new, |values, subject| {
        values.extend(expr::number(&quantile.measure, &subject.customer, &moment.segments, at));
    })?;
    let values = values.concat();
    let population = values.len() as u64;
    Ok(Measured { cut: segment::cuts::cut(values, quantile.part), population })
}
