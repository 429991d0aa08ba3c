//! Activity of one calendar month (UTC): which days, and how many touchpoints by kind, store, channel and category.
//!
//! Lifetime counts are the sums over months, so nothing is counted in two places.

use std::collections::BTreeMap;

use expr::{NumberField, TextField};
use serde::{Deserialize, Serialize};
use types::ExactSum;

use crate::{fact::Fact, text};

/// What touchpoints are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dimension {
    /// By kind.
    Kind,
    /// By store.
    Store,
    /// By channel.
    Channel,
    /// By category of the items; a touchpoint counts once for each.
    Category,
}

const FIELDS: [(Dimension, TextField); 4] = [
    (Dimension::Kind, TextField::Kind),
    (Dimension::Store, TextField::Store),
    (Dimension::Channel, TextField::Channel),
    (Dimension::Category, TextField::Category),
];

/// Count and time spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Touchpoints.
    pub count: u64,
    /// Sum of their durations, in seconds.
    pub seconds: ExactSum,
}

/// The activity of one fragment in one month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthActivity {
    /// Distinct days with a touchpoint, as UTC days counted from 1970.
    pub days: std::collections::BTreeSet<i64>,
    /// Tallies by dimension and its text.
    pub tallies: BTreeMap<Dimension, BTreeMap<String, Tally>>,
}

impl MonthActivity {
    /// Folds one touchpoint of this month in.
    pub fn add(&mut self, fact: &Fact<'_>) {
        self.days.insert(fact.place.occurred_at.day());
        let seconds = NumberField::DurationSeconds.number(fact.touchpoint).unwrap_or_default();
        for (dimension, field) in FIELDS {
            text::each(field, fact.touchpoint, |text| self.tally(dimension, text).add(Tally { count: 1, seconds }));
        }
    }

    /// Merges the same month of another fragment.
    pub fn merge(&mut self, other: &Self) {
        self.days.extend(&other.days);
        for (dimension, texts) in &other.tallies {
            for (text, tally) in texts {
                self.tally(*dimension, text).add(*tally);
            }
        }
    }

    fn tally(&mut self, dimension: Dimension, text: &str) -> &mut Tally {
        let texts = self.tallies.entry(dimension).or_default();
        if !texts.contains_key(text) {
            texts.insert(text.to_owned(), Tally::default());
        }
        texts.get_mut(text).expect("inserted above")
    }
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: Self) {
        self.count += other.count;
        self.seconds = self.seconds.plus(other.seconds);
    }
}
