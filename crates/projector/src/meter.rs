//! Names of the projector's metrics.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

/// What one write added; copies of decisions are among the copies, as in the counters of a shard.
pub(crate) fn folded(touchpoints: u64, copies: u64, conflicts: u64) {
    counter!("patron_projector_touchpoints_total").increment(touchpoints);
    counter!("patron_projector_copies_total").increment(copies);
    counter!("patron_projector_conflicts_total").increment(conflicts);
}

pub(crate) fn skipped(reason: &'static str) {
    counter!("patron_projector_skipped_total", "reason" => reason).increment(1);
}

pub(crate) fn definition_skipped(reason: &'static str) {
    counter!("patron_projector_definitions_skipped_total", "reason" => reason).increment(1);
}

pub(crate) fn committed(records: usize, took: Duration) {
    histogram!("patron_projector_batch_records").record(records as f64);
    histogram!("patron_projector_commit_seconds").record(took);
}

pub(crate) fn lag(partition: u32, lag: u64) {
    gauge!("patron_projector_lag_records", "partition" => partition.to_string()).set(lag as f64);
}

pub(crate) fn halted(halted: bool) {
    gauge!("patron_projector_halted").set(f64::from(u8::from(halted)));
}

pub(crate) fn told(changes: usize) {
    counter!("patron_identity_changes_total").increment(changes as u64);
}

pub(crate) fn relayed(changes: usize) {
    counter!("patron_membership_changes_relayed_total").increment(changes as u64);
}

pub(crate) fn relay_lag(changes: u64) {
    gauge!("patron_membership_relay_lag_changes").set(changes as f64);
}

pub(crate) fn relay_halted(halted: bool) {
    gauge!("patron_membership_relay_halted").set(f64::from(u8::from(halted)));
}

/// Records of others on the relay's topic.
pub(crate) fn relay_foreign(records: u64) {
    counter!("patron_membership_relay_foreign_records_total").increment(records);
}

pub(crate) fn scrubbed() {
    counter!("patron_scrubbed_fragments_total").increment(1);
}

pub(crate) fn not_scrubbed() {
    counter!("patron_scrub_skipped_fragments_total").increment(1);
}

pub(crate) fn drift(part: &'static str) {
    counter!("patron_drift_total", "part" => part).increment(1);
}

/// So that the counter is there before anything is found.
pub(crate) fn no_drift(part: &'static str) {
    counter!("patron_drift_total", "part" => part).increment(0);
}
