//! One answer's ground: a snapshot, its segments, the instant, and the cuts of the population as of then.

use std::collections::BTreeMap;

use expr::{Program, Quantile, Surroundings as _};
use proto::{customer::AppliedOffset, segment::QuantileCut};
use segment::Segments;
use store::{Snapshot, StoreError};
use tonic::Status;
use types::Micros;

use super::{catalogue, cuts};
use crate::{
    context::{Context, applied},
    status,
};

/// What an answer stands on.
pub(super) struct Moment<'a> {
    pub(super) context: &'a Context,
    pub(super) snapshot: Snapshot<'a>,
    pub(super) segments: Segments,
    pub(super) now: Micros,
    pub(super) cuts: Vec<QuantileCut>,
}

impl<'a> Moment<'a> {
    /// The segments of a snapshot at an instant; cuts are made by `with_cuts`.
    pub(super) fn new(context: &'a Context, as_of: Option<&prost_types::Timestamp>) -> Result<Self, Status> {
        let snapshot = context.store.snapshot();
        let segments = catalogue::compiled(context, &snapshot)?;
        let now = match as_of {
            Some(at) => Micros::from_proto(at),
            None => context.instant(&snapshot).map_err(|error| status::store_failed(&error))?,
        };
        Ok(Self { context, snapshot, segments, now, cuts: Vec::new() })
    }

    /// Makes the cuts that these programs, and the segments that they name, compare with.
    pub(super) fn with_cuts<'p>(mut self, programs: impl IntoIterator<Item = &'p Program>) -> Result<Self, Status> {
        let all = programs.into_iter().flat_map(|program| self.segments.quantiles(program));
        let quantiles: BTreeMap<String, Quantile> = all.map(|quantile| (quantile.key(), quantile)).collect();
        let (values, shown) = cuts::of(&self, quantiles.values()).map_err(|error| status::store_failed(&error))?;
        self.segments = self.segments.with_cuts(values);
        self.cuts = shown;
        Ok(self)
    }

    /// The zone of the calendar, as answers name it.
    pub(super) fn time_zone(&self) -> String {
        self.segments.zone().name()
    }

    /// What the answer covers.
    pub(super) fn applied(&self) -> Result<Vec<AppliedOffset>, Status> {
        applied(&self.snapshot).map_err(|error: StoreError| status::store_failed(&error))
    }

    /// Version and program of a segment.
    pub(super) fn segment(&self, field: &str, name: &str) -> Result<(u32, Program), Status> {
        let found = self.segments.get(name).map(|(version, program)| (version, program.clone()));
        found.ok_or_else(|| catalogue::unknown(field, name, self.segments.iter().map(|(name, _, _)| name)))
    }
}
