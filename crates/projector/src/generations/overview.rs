//! Where a rebuild stands, as callers see it.

use std::time::Duration;

use proto::admin::{self, Rebuild, RebuildState};
use types::Micros;

use super::{
    Generations,
    generation::{Generation, folded},
};
use crate::run::progress_lag;

/// Most records that a generation may be behind and still count as caught up: what comes in while one looks.
pub(crate) const CAUGHT_UP_LAG_MAX: u64 = 1_000;

impl Generations {
    /// Where the rebuild stands.
    pub fn overview(&self) -> Rebuild {
        // Asked for before anything is locked, as it may wait for brokers.
        let ends = self.maker.journals.touchpoints.ends().ok();
        let held = self.held();
        let shown = |generation: &Generation| shown(generation, ends.as_deref());
        let since_us = held.directories.named().since_us;
        let mut rebuild = Rebuild {
            live: Some(shown(&held.live)),
            building: held.building.as_ref().map(shown),
            previous: held.previous.as_ref().map(shown),
            records_total: ends.as_ref().map_or(0, |ends| ends.iter().sum()),
            since: (since_us > 0).then(|| Micros(since_us).to_proto()),
            end_unknown: ends.is_none(),
            ..Rebuild::default()
        };
        rebuild.set_state(state(&rebuild));
        if let Some(building) = &held.building {
            add_pace(&mut rebuild, building);
        }
        rebuild
    }
}

fn state(rebuild: &Rebuild) -> RebuildState {
    match (&rebuild.building, &rebuild.previous) {
        (Some(building), _) if building.lag <= CAUGHT_UP_LAG_MAX && !rebuild.end_unknown => RebuildState::CaughtUp,
        (Some(_), _) => RebuildState::Building,
        (None, Some(_)) => RebuildState::Promoted,
        (None, None) => RebuildState::None,
    }
}

fn add_pace(rebuild: &mut Rebuild, building: &Generation) {
    let (since, before) = building.since;
    // What is loaded all together is not applied before its end, so it counts for pace alone.
    let loading = building.projector.loading().unwrap_or_default();
    let applied = folded(&building.projector.progress().borrow());
    rebuild.records_folded = loading.max(applied);
    let seconds = since.elapsed().as_secs_f64();
    if seconds > 0.0 {
        rebuild.records_per_second = rebuild.records_folded.saturating_sub(before) as f64 / seconds;
    }
    let lag =
        rebuild.building.as_ref().map_or(0, |building| building.lag).saturating_sub(rebuild.records_folded - applied);
    if lag > 0 && rebuild.records_per_second > 0.0 {
        let remaining = Duration::try_from_secs_f64(lag as f64 / rebuild.records_per_second).ok();
        rebuild.remaining = remaining.and_then(|remaining| prost_types::Duration::try_from(remaining).ok());
    }
}

fn shown(generation: &Generation, ends: Option<&[u64]>) -> admin::Generation {
    let progress = generation.projector.progress();
    let broke_off = progress.has_changed().is_err();
    let progress = progress.borrow();
    admin::Generation {
        number: generation.number,
        rules: generation.store.manifest().rules.clone(),
        applied: progress.applied.clone(),
        lag: ends.map_or(0, |ends| progress_lag(&progress, ends)),
        bytes: generation.store.live_bytes(),
        halted: match &progress.halted {
            _ if broke_off => "its thread broke off; restart patron".to_owned(),
            reason => reason.clone().unwrap_or_default(),
        },
    }
}
