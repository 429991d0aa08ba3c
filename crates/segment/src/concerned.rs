//! Which segments of a group have to be looked at for one customer.
//!
//! Owns that none is left out whose membership can be another than was told. Of thousands of segments most ask for touchpoints that
//! a customer never had; those are not even looked at.

use std::{cell::OnceCell, collections::BTreeSet};

use types::Micros;

use crate::{
    advance::{Happened, Told},
    customer::Customer,
    facets::Facets,
    groups::{Alike, Group, Member},
    keyed::Place,
    segments::Segments,
};

/// One customer to whom something happened.
pub(crate) struct Concerned<'a> {
    segments: &'a Segments,
    customer: &'a Customer,
    told: &'a Told,
    happened: &'a Happened,
    /// Segments that ask for a text of the touchpoints that came.
    by_news: OnceCell<Option<BTreeSet<Place>>>,
    /// Segments that ask for a text of any of its touchpoints, and those that it was told to be in.
    by_all: OnceCell<Option<BTreeSet<Place>>>,
}

impl<'a> Concerned<'a> {
    pub(crate) fn new(segments: &'a Segments, customer: &'a Customer, told: &'a Told, happened: &'a Happened) -> Self {
        Self { segments, customer, told, happened, by_news: OnceCell::new(), by_all: OnceCell::new() }
    }

    /// Members of a group that read what happened: the others are what they were.
    pub(crate) fn touched<'m>(&self, group: Group, alike: &'m Alike) -> Vec<&'m Member> {
        let Happened { facets, since, .. } = *self.happened;
        let by_news = self.by_news.get_or_init(|| {
            let since = since.filter(|_| facets != Facets::ALL)?;
            self.segments.asking(self.customer.since(since))
        });
        alike.touched(facets, by_news.as_ref(), group)
    }

    /// Members of a group that may be true, now or later, or were told to be.
    pub(crate) fn all<'m>(&self, group: Group, alike: &'m Alike) -> Vec<&'m Member> {
        let by_all = self.by_all.get_or_init(|| {
            let mut asking = self.segments.asking(self.customer.since(Micros(i64::MIN)))?;
            asking.extend(self.told.segments.keys().filter_map(|ordinal| self.segments.place(*ordinal)));
            Some(asking)
        });
        alike.all(by_all.as_ref(), group)
    }
}
