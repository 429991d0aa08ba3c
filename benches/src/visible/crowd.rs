//! Touchpoints made beforehand, handed out one after the other to whoever publishes.

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use proto::customer::{CustomerRef, customer_ref::Ref};
use rand::{Rng, RngExt};
use types::record::Touchpoint;

use super::Plan;
use crate::feed;

/// Touchpoints in the order of their sources, without those of nobody: each can be looked for.
pub(super) struct Crowd {
    touchpoints: Vec<Touchpoint>,
    next: AtomicUsize,
}

impl Crowd {
    pub(super) fn new(plan: &Plan) -> Result<Self> {
        let made = feed::generator(1, plan.touchpoints, plan.customers, plan.uniform)?;
        let touchpoints = made.filter(|touchpoint| !touchpoint.identifiers.is_empty()).collect();
        Ok(Self { touchpoints, next: AtomicUsize::new(0) })
    }

    /// Begins again, for a new server.
    pub(super) fn start_over(&self) {
        self.next.store(0, Ordering::Relaxed);
    }

    /// The next so many; those that come round again have another message id.
    pub(super) fn take(&self, count: usize) -> Vec<Touchpoint> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        (first..first + count).map(|number| self.touchpoint(number)).collect()
    }

    fn touchpoint(&self, number: usize) -> Touchpoint {
        let mut touchpoint = self.touchpoints[number % self.touchpoints.len()].clone();
        let round = number / self.touchpoints.len();
        if round > 0 {
            touchpoint.message_id = format!("{}-{round}", touchpoint.message_id);
        }
        touchpoint
    }

    /// The first of all, who is there as soon as anybody is.
    pub(super) fn first(&self) -> &Touchpoint {
        &self.touchpoints[0]
    }

    /// Somebody who came already: who comes often is drawn often.
    pub(super) fn somebody(&self, random: &mut impl Rng) -> Result<CustomerRef> {
        let came = self.next.load(Ordering::Relaxed).clamp(1, self.touchpoints.len());
        who(&self.touchpoints[random.random_range(0..came)])
    }
}

/// The customer of a touchpoint, by its first identifier.
pub(super) fn who(touchpoint: &Touchpoint) -> Result<CustomerRef> {
    let identifier = touchpoint.identifiers.first().context("only those who are named are kept")?;
    Ok(CustomerRef { r#ref: Some(Ref::Identifier(identifier.clone())) })
}
