//! What a touchpoint costs in the steady state, in heap allocations and in processor instructions: the gate against a fold that
//! gets slower unseen. It counts and never times, so it says the same on a busy machine.
//!
//! Owns the bounds. A figure is the difference of two runs in processes of their own: one folds touchpoints until nearly every
//! fragment is there, the other folds the same ones and more. What starting and ending cost is in both, and cancels out.
#![cfg(test)]

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[path = "cost/meter.rs"]
mod meter;
#[path = "cost/subject.rs"]
mod subject;

use subject::Subject;

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Most that a touchpoint may cost, a little over what it cost when the bound was set. A lower cost should lower its bound.
struct Bounds {
    subject: Subject,
    /// Calls of the allocator, those that let something grow included; RocksDB's own memory is not in it.
    allocations: f64,
    /// Of all threads, RocksDB's included, as the tests are compiled; a release build takes fewer.
    instructions: f64,
}

const PROJECTOR: Bounds = Bounds { subject: Subject::Projector, allocations: 9.0, instructions: 56_400.0 };
const PROFILE: Bounds = Bounds { subject: Subject::Profile, allocations: 6.5, instructions: 9_900.0 };

#[test]
fn the_projector_allocates_no_more() {
    check_allocations(&PROJECTOR, "the_projector_allocates_no_more");
}

#[test]
fn the_projector_takes_no_more_instructions() {
    check_instructions(&PROJECTOR, "the_projector_takes_no_more_instructions");
}

#[test]
fn the_pure_fold_allocates_no_more() {
    check_allocations(&PROFILE, "the_pure_fold_allocates_no_more");
}

#[test]
fn the_pure_fold_takes_no_more_instructions() {
    check_instructions(&PROFILE, "the_pure_fold_takes_no_more_instructions");
}

fn check_allocations(bounds: &Bounds, test: &str) {
    if subject::run_if_asked() {
        return;
    }
    let measured = meter::allocations(bounds.subject, test);
    assert!(
        measured <= bounds.allocations,
        "{:?}: {measured:.2} heap allocations a touchpoint, at most {:.2} are allowed.\n{}",
        bounds.subject,
        bounds.allocations,
        meter::CLOSER
    );
}

fn check_instructions(bounds: &Bounds, test: &str) {
    if subject::run_if_asked() {
        return;
    }
    let measured = meter::instructions(bounds.subject, test);
    assert!(
        measured <= bounds.instructions,
        "{:?}: {measured:.0} instructions a touchpoint, at most {:.0} are allowed.\n{}",
        bounds.subject,
        bounds.instructions,
        meter::CLOSER
    );
}
