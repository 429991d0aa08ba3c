//! What an import came to.

use std::collections::BTreeMap;

use crate::{client::tally::Tally, output::progress::per_second};

/// Counts of one import.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Summary {
    /// Rows read.
    pub rows: u64,
    /// Rows that a rule of the mapping passes over, by its reason.
    pub skipped: BTreeMap<String, u64>,
    /// What the server answered; rows that never reached it are rejected as `unreadable`.
    #[serde(flatten)]
    pub tally: Tally,
    /// How long it took.
    pub seconds: f64,
    /// Rows a second.
    pub rows_per_second: u64,
}

impl Summary {
    /// Sets the time that it took.
    pub(super) fn end(&mut self, seconds: f64) {
        self.seconds = (seconds * 1_000.0).round() / 1_000.0;
        self.rows_per_second = per_second(self.rows, seconds);
    }

    /// A few lines for people.
    pub fn text(&self) -> String {
        let Self { rows, skipped, tally, seconds, rows_per_second } = self;
        let mut text = format!("{rows} rows in {seconds} s, {rows_per_second} rows/s\n{} accepted\n", tally.accepted);
        for (what, counts) in [("rejected", &tally.rejected), ("passed over", skipped), ("noted", &tally.notes)] {
            for (reason, count) in counts {
                text += &format!("{count} {what}: {reason}\n");
            }
        }
        let positions: Vec<String> =
            tally.positions.iter().map(|(partition, offset)| format!("{partition}:{offset}")).collect();
        if positions.is_empty() { text } else { text + &format!("last positions {}\n", positions.join(" ")) }
    }
}
