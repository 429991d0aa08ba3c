//! What is wrong with the order on purpose: copies, touchpoints sent after later ones, and ones days late.
//!
//! Owns the queue of what is still to be sent. Never changes a touchpoint.

use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use types::{Micros, record::Touchpoint};

/// Of a thousand touchpoints, how many are sent twice.
pub(crate) const COPIES_PER_THOUSAND: u32 = 6;
/// Of a thousand touchpoints, how many are sent minutes or hours after they happened.
pub(crate) const DELAYED_PER_THOUSAND: u32 = 30;
/// Of a thousand touchpoints, how many are sent days after they happened.
pub(crate) const LATE_PER_THOUSAND: u32 = 2;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Touchpoints that wait to be sent, the soonest first.
#[derive(Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

struct Entry {
    at: Micros,
    /// Keeps the order of those sent at one instant.
    sequence: u64,
    touchpoint: Box<Touchpoint>,
}

impl Queue {
    /// Draws when a touchpoint is sent, and whether twice; answers how often.
    pub(crate) fn schedule(&mut self, touchpoint: Touchpoint, rng: &mut ChaCha8Rng) -> u64 {
        let at = Micros(touchpoint.occurred().0 + delay(rng));
        let copied = rng.random_ratio(COPIES_PER_THOUSAND, 1_000);
        if copied {
            let again = Micros(at.0 + rng.random_range(SECOND..600 * SECOND));
            self.push(again, touchpoint.clone());
        }
        self.push(at, touchpoint);
        1 + u64::from(copied)
    }

    /// When the next one is sent.
    pub(crate) fn head_at(&self) -> Option<Micros> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Sends the next one.
    pub(crate) fn pop(&mut self) -> Option<Touchpoint> {
        self.heap.pop().map(|Reverse(entry)| *entry.touchpoint)
    }

    fn push(&mut self, at: Micros, touchpoint: Touchpoint) {
        self.sequence += 1;
        self.heap.push(Reverse(Entry { at, sequence: self.sequence, touchpoint: Box::new(touchpoint) }));
    }
}

fn delay(rng: &mut ChaCha8Rng) -> i64 {
    match rng.random_range(0..1_000) {
        draw if draw < LATE_PER_THOUSAND => rng.random_range(DAY..6 * DAY),
        draw if draw < LATE_PER_THOUSAND + DELAYED_PER_THOUSAND => rng.random_range(60 * SECOND..7_200 * SECOND),
        _ => 0,
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}
