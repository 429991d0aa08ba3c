//! Who would have been in at instants of the past, by today's touchpoints and today's identity.

use expr::{Depth, Reach, evaluate};
use proto::segment::{BacktestRequest, BacktestResponse};
use tonic::Status;
use types::Micros;

use super::{moment::Moment, population::Wanted, schema};
use crate::{context::Context, status};

/// Most instants of one backtest.
const INSTANTS_MAX: i64 = 1_000;
const SECOND: i64 = 1_000_000;

/// Counts at each instant, in one walk over all customers. A cut of the population is that of the first instant's day.
pub(super) fn counts(context: &Context, request: &BacktestRequest) -> Result<Vec<BacktestResponse>, Status> {
    let instants = instants(request)?;
    let moment = Moment::new(context, request.from.as_ref())?;
    let (_, program) = schema::asked(&moment, &request.segment, &request.expression)?;
    let moment = moment.with_cuts([&program])?;
    let at = |at: &Micros| BacktestResponse {
        at: Some(at.to_proto()),
        time_zone: moment.time_zone(),
        ..BacktestResponse::default()
    };
    let fresh = || instants.iter().map(at).collect::<Vec<_>>();
    // Touchpoints are always loaded: the state as it is now is not that of then.
    let wanted = Wanted { reach: Reach::Life, depth: Depth::Whole, ..moment.wanted([], request.include_receipts) };
    let tallies = moment.tally(wanted, fresh, |counts, subject| {
        let mut before = false;
        for (at, count) in instants.iter().zip(counts) {
            let member = evaluate(&program, &subject.customer, &moment.segments, *at).truth;
            count.count += i64::from(member);
            count.entered += i64::from(member && !before);
            count.left += i64::from(before && !member);
            before = member;
        }
    });
    Ok(tallies.map_err(|error| status::store_failed(&error))?.into_iter().fold(fresh(), and))
}

/// Counts of some customers and of others together, instant by instant.
fn and(mut counts: Vec<BacktestResponse>, others: Vec<BacktestResponse>) -> Vec<BacktestResponse> {
    for (count, other) in counts.iter_mut().zip(others) {
        count.count += other.count;
        count.entered += other.entered;
        count.left += other.left;
    }
    counts
}

fn instants(request: &BacktestRequest) -> Result<Vec<Micros>, Status> {
    let instant = |field: &str, at: Option<&prost_types::Timestamp>| {
        at.map(Micros::from_proto).ok_or_else(|| status::invalid(field, "give an instant"))
    };
    let (from, to) = (instant("from", request.from.as_ref())?, instant("to", request.to.as_ref())?);
    let step = request
        .step
        .as_ref()
        .map_or(0, |step| step.seconds.saturating_mul(SECOND).saturating_add(i64::from(step.nanos) / 1_000));
    if step < SECOND {
        return Err(status::invalid("step", "give a step of at least a second"));
    }
    if to < from {
        return Err(status::invalid("to", "it lies before `from`"));
    }
    let count = to.0.saturating_sub(from.0) / step + 1;
    if count > INSTANTS_MAX {
        return Err(status::invalid(
            "step",
            format!("{count} instants; take a step that gives at most {INSTANTS_MAX}"),
        ));
    }
    Ok((0..count).map(|place| Micros(from.0 + place * step)).collect())
}
