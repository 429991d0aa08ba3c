//! How many are in a segment, or satisfy an expression that is none yet.

use std::{borrow::Cow, collections::BTreeSet};

use expr::{Program, evaluate};
use proto::segment::{
    CountExpressionRequest, CountExpressionResponse, CountSegmentRequest, CountSegmentResponse, SegmentOverlap,
};
use roaring::RoaringBitmap;
use store::StoreError;
use tonic::Status;
use types::IdentifierId;

use super::{
    answer,
    counts::{Ask, Counted, Counts, Effort, People},
    moment::Moment,
    schema,
};
use crate::{context::Context, status};

/// Most customer ids of a sample.
const SAMPLE_MAX: usize = 1_000;

/// Counts the members of a segment; `None` where that takes more effort.
pub(super) fn segment(
    context: &Context,
    counts: &Counts,
    effort: Effort,
    request: &CountSegmentRequest,
) -> Result<Option<CountSegmentResponse>, Status> {
    let programs = |moment: &Moment<'_>| {
        moment.segment("segment", &request.segment).map(|(version, program)| (version, vec![program]))
    };
    let ask =
        Ask { as_of: request.as_of.as_ref(), receipts: request.include_receipts, sample_max: 0, programs: &programs };
    let Some(Counted { moment, version, tally }) = counts.count(context, effort, &ask)? else { return Ok(None) };
    Ok(Some(CountSegmentResponse {
        count: answer::count(tally.count),
        population: answer::count(tally.population),
        version,
        evaluated_at: Some(moment.now.to_proto()),
        applied: moment.applied()?,
        time_zone: moment.time_zone(),
        cuts: moment.cuts,
    }))
}

/// Counts those who satisfy an expression; `None` where that takes more effort.
pub(super) fn expression(
    context: &Context,
    counts: &Counts,
    effort: Effort,
    request: &CountExpressionRequest,
) -> Result<Option<CountExpressionResponse>, Status> {
    let sample_max = usize::try_from(request.sample_size).ok().filter(|size| *size <= SAMPLE_MAX);
    let sample_max = sample_max.ok_or_else(|| status::invalid("sample_size", format!("give 0 to {SAMPLE_MAX}")))?;
    let programs = |moment: &Moment<'_>| {
        let asked = schema::compile(moment, "expression", &request.expression)?;
        let others = request.overlap_with.iter();
        let others = others.map(|name| moment.segment("overlap_with", name).map(|(_, program)| program));
        Ok((0, std::iter::once(Ok(asked)).chain(others).collect::<Result<_, Status>>()?))
    };
    let ask =
        Ask { as_of: request.as_of.as_ref(), receipts: request.include_receipts, sample_max, programs: &programs };
    let Some(Counted { moment, tally, .. }) = counts.count(context, effort, &ask)? else { return Ok(None) };
    let overlaps = request.overlap_with.iter().zip(tally.both).map(|(segment, (members, both))| SegmentOverlap {
        segment: segment.clone(),
        members: answer::count(members),
        both: answer::count(both),
    });
    Ok(Some(CountExpressionResponse {
        count: answer::count(tally.count),
        population: answer::count(tally.population),
        sample_customer_ids: tally.sample.iter().map(IdentifierId::to_string).collect(),
        overlaps: overlaps.collect(),
        evaluated_at: Some(moment.now.to_proto()),
        applied: moment.applied()?,
        time_zone: moment.time_zone(),
        cuts: moment.cuts,
    }))
}

/// Counts by a walk through everybody: of the first program, and of the others beside it.
pub(super) fn walked(moment: &Moment<'_>, programs: &[Program], ask: &Ask<'_>) -> Result<Tally, StoreError> {
    let wanted = moment.wanted(programs, ask.receipts);
    let (others, sample_max) = (programs.len().saturating_sub(1), ask.sample_max);
    let fresh = || Tally { both: vec![(0, 0); others], sample_max, ..Tally::default() };
    let tallies = moment.tally(wanted, fresh, |tally, subject| {
        let holds = |program: &Program| evaluate(program, &subject.customer, &moment.segments, moment.now).truth;
        let held = programs.first().is_some_and(holds);
        tally.add(held, programs.iter().skip(1).map(holds));
        if held {
            tally.keep(subject.resolved.identity.id);
        }
    });
    Ok(tallies?.into_iter().fold(fresh(), Tally::and))
}

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    count: usize,
    population: usize,
    /// Members of each other segment, and those who satisfy the expression too.
    both: Vec<(usize, usize)>,
    /// The least ids of those who satisfy the expression.
    sample: BTreeSet<IdentifierId>,
    sample_max: usize,
}

impl Tally {
    /// Of bitmaps: those who satisfy the first condition, and the others.
    pub(super) fn joined<'p>(
        people: &People,
        mut satisfied: impl Iterator<Item = Cow<'p, RoaringBitmap>>,
        ask: &Ask<'_>,
    ) -> Self {
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let domain = people.domain(ask.receipts);
        let held = satisfied.next().unwrap_or_default();
        let mut tally = Self { sample_max: ask.sample_max, population: size(domain.len()), ..Self::default() };
        tally.count = size(held.intersection_len(domain));
        let mut inside = None;
        for other in satisfied {
            let inside: &RoaringBitmap = inside.get_or_insert_with(|| &*held & domain);
            tally.both.push((size(other.intersection_len(domain)), size(other.intersection_len(inside))));
        }
        if ask.sample_max > 0 {
            let inside: RoaringBitmap = inside.unwrap_or_else(|| &*held & domain);
            inside.iter().filter_map(|ordinal| people.id(ordinal)).for_each(|id| tally.keep(id));
        }
        tally
    }

    fn add(&mut self, holds: bool, others: impl Iterator<Item = bool>) {
        self.population += 1;
        self.count += usize::from(holds);
        for ((members, both), other) in self.both.iter_mut().zip(others) {
            *members += usize::from(other);
            *both += usize::from(other && holds);
        }
    }

    fn keep(&mut self, id: IdentifierId) {
        if self.sample.len() >= self.sample_max && self.sample.last().is_none_or(|last| id > *last) {
            return;
        }
        self.sample.insert(id);
        if self.sample.len() > self.sample_max {
            self.sample.pop_last();
        }
    }

    /// Both together.
    fn and(mut self, other: Self) -> Self {
        self.population += other.population;
        self.count += other.count;
        for ((members, both), (other_members, other_both)) in self.both.iter_mut().zip(other.both) {
            *members += other_members;
            *both += other_both;
        }
        other.sample.into_iter().for_each(|id| self.keep(id));
        self
    }
}
