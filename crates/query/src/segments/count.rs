//! How many are in a segment, or satisfy an expression that is none yet.

use std::collections::BTreeSet;

use expr::{Program, evaluate};
use proto::segment::{
    CountExpressionRequest, CountExpressionResponse, CountSegmentRequest, CountSegmentResponse, SegmentOverlap,
};
use tonic::Status;
use types::IdentifierId;

use super::{answer, moment::Moment, schema};
use crate::{context::Context, status};

/// Most customer ids of a sample.
const SAMPLE_MAX: usize = 1_000;

/// Counts the members of a segment.
pub(super) fn segment(context: &Context, request: &CountSegmentRequest) -> Result<CountSegmentResponse, Status> {
    let moment = Moment::new(context, request.as_of.as_ref())?;
    let (version, program) = moment.segment("segment", &request.segment)?;
    let moment = moment.with_cuts([&program])?;
    let wanted = moment.wanted([&program], request.include_receipts);
    let tallies = moment.tally(wanted, Tally::default, |tally, subject| {
        tally.add(evaluate(&program, &subject.customer, &moment.segments, moment.now).truth, std::iter::empty());
    });
    let tally = tallies.map_err(|error| status::store_failed(&error))?.into_iter().fold(Tally::default(), Tally::and);
    Ok(CountSegmentResponse {
        count: answer::count(tally.count),
        population: answer::count(tally.population),
        version,
        evaluated_at: Some(moment.now.to_proto()),
        applied: moment.applied()?,
        time_zone: moment.time_zone(),
        cuts: moment.cuts,
    })
}

/// Counts those who satisfy an expression.
pub(super) fn expression(
    context: &Context,
    request: &CountExpressionRequest,
) -> Result<CountExpressionResponse, Status> {
    let sample_max = usize::try_from(request.sample_size).ok().filter(|size| *size <= SAMPLE_MAX);
    let sample_max = sample_max.ok_or_else(|| status::invalid("sample_size", format!("give 0 to {SAMPLE_MAX}")))?;
    let moment = Moment::new(context, request.as_of.as_ref())?;
    let program = schema::compile(&moment, "expression", &request.expression)?;
    let others =
        request.overlap_with.iter().map(|name| moment.segment("overlap_with", name).map(|(_, program)| program));
    let others: Vec<Program> = others.collect::<Result<_, _>>()?;
    let all: Vec<&Program> = std::iter::once(&program).chain(&others).collect();
    let moment = moment.with_cuts(all.iter().copied())?;
    let wanted = moment.wanted(all, request.include_receipts);
    let fresh = || Tally { both: vec![(0, 0); others.len()], sample_max, ..Tally::default() };
    let tallies = moment.tally(wanted, fresh, |tally, subject| {
        let holds = |program: &Program| evaluate(program, &subject.customer, &moment.segments, moment.now).truth;
        let held = holds(&program);
        tally.add(held, others.iter().map(holds));
        if held {
            tally.keep(subject.resolved.identity.id);
        }
    });
    let tally = tallies.map_err(|error| status::store_failed(&error))?.into_iter().fold(fresh(), Tally::and);
    let overlaps = request.overlap_with.iter().zip(tally.both).map(|(segment, (members, both))| SegmentOverlap {
        segment: segment.clone(),
        members: answer::count(members),
        both: answer::count(both),
    });
    Ok(CountExpressionResponse {
        count: answer::count(tally.count),
        population: answer::count(tally.population),
        sample_customer_ids: tally.sample.iter().map(IdentifierId::to_string).collect(),
        overlaps: overlaps.collect(),
        evaluated_at: Some(moment.now.to_proto()),
        applied: moment.applied()?,
        time_zone: moment.time_zone(),
        cuts: moment.cuts,
    })
}

#[derive(Default)]
struct Tally {
    count: usize,
    population: usize,
    /// Members of each other segment, and those who satisfy the expression too.
    both: Vec<(usize, usize)>,
    /// The least ids of those who satisfy the expression.
    sample: BTreeSet<IdentifierId>,
    sample_max: usize,
}

impl Tally {
    fn add(&mut self, holds: bool, others: impl Iterator<Item = bool>) {
        self.population += 1;
        self.count += usize::from(holds);
        for ((members, both), other) in self.both.iter_mut().zip(others) {
            *members += usize::from(other);
            *both += usize::from(other && holds);
        }
    }

    fn keep(&mut self, id: IdentifierId) {
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
