//! Names of the metrics of counts.

use metrics::{counter, gauge};

/// A walk through everybody for so many conditions.
pub(super) fn walked(conditions: usize) {
    counter!("patron_count_walks_total").increment(1);
    counter!("patron_count_conditions_walked_total").increment(conditions as u64);
}

/// Customers that were asked again because something of them changed, or time did.
pub(super) fn asked_again(customers: usize) {
    counter!("patron_count_customers_asked_again_total").increment(customers as u64);
}

/// What is kept now.
pub(super) fn kept(conditions: usize, customers: u64, bytes: usize) {
    gauge!("patron_count_conditions").set(conditions as f64);
    gauge!("patron_count_customers").set(customers as f64);
    gauge!("patron_count_memory_bytes").set(bytes as f64);
}

/// Nothing is kept any more.
pub(super) fn gone() {
    kept(0, 0, 0);
}
