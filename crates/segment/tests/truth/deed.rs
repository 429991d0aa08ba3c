//! What customers did, in plain fields: the naive scan reads these, the real one reads touchpoints made of them.

use std::{collections::BTreeSet, sync::Arc};

use expr::{Depth, Element};
use profile::{Fact, State};
use proptest::prelude::*;
use segment::Customer;
use types::{
    ContentHash, HashKey, Micros,
    record::{Consent, ConsentStatus, Identifier, Money, Order, Touchpoint},
};

pub(crate) const HOUR: i64 = 3_600_000_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// The deeds begin on 10 February 2026: in the sixty days from there clocks are moved in many zones.
pub(crate) const START: i64 = 20_494 * DAY;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Order and cents.
    Bought(u8, i64),
    /// Order and cents.
    Refunded(u8, i64),
    Cancelled(u8),
    Added,
    Entered,
    /// The trait `tier`.
    Tier(u8),
    Consent(bool),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) at: i64,
    pub(crate) what: What,
    pub(crate) store: u8,
}

impl Deed {
    pub(crate) fn kind(&self) -> &'static str {
        match self.what {
            What::Bought(..) => "order_completed",
            What::Refunded(..) => "order_refunded",
            What::Cancelled(_) => "order_cancelled",
            What::Added => "product_added",
            What::Entered => "zone_entered",
            What::Tier(_) => "identified",
            What::Consent(_) => "consent_changed",
        }
    }
}

/// Deeds of about sixty days, in order of time, with ties.
pub(crate) fn any_deeds() -> impl Strategy<Value = Vec<Deed>> {
    let what = prop_oneof![
        3 => (0..4_u8, 1..5_i64).prop_map(|(order, euros)| What::Bought(order, euros * 2_000)),
        1 => (0..4_u8, 1..3_i64).prop_map(|(order, euros)| What::Refunded(order, euros * 1_000)),
        1 => (0..4_u8).prop_map(What::Cancelled),
        3 => Just(What::Added),
        2 => Just(What::Entered),
        1 => (0..3_u8).prop_map(What::Tier),
        1 => any::<bool>().prop_map(What::Consent),
    ];
    let at =
        prop_oneof![(0..60_i64).prop_map(|day| day * DAY), (0..1_440_i64).prop_map(|hour| hour * HOUR), 0..60 * DAY];
    let deed = (at, what, 0..3_u8).prop_map(|(at, what, store)| Deed { at: START + at, what, store });
    prop::collection::vec(deed, 0..10).prop_map(|mut deeds| {
        deeds.sort_by_key(|deed| deed.at);
        deeds
    })
}

/// The customer who did this.
pub(crate) fn customer(deeds: &[Deed]) -> Customer {
    let elements = deeds.iter().enumerate().map(|(place, deed)| element(place, deed)).collect();
    Customer::of_touchpoints(elements, BTreeSet::from(["loyalty_card".to_owned()]), HashKey::new([7; 32]))
}

/// The same customer, with none of the touchpoints before an instant, and no more of the profile than this.
pub(crate) fn customer_since(deeds: &[Deed], since: i64, depth: Depth) -> Customer {
    let mut state = State::default();
    let elements: Vec<Element> = deeds.iter().enumerate().map(|(place, deed)| element(place, deed)).collect();
    elements.iter().for_each(|one| state.add(&Fact::new(&one.touchpoint, one.content), &HashKey::new([7; 32])));
    if depth < Depth::Whole {
        (state.months, state.orders) = Default::default();
    }
    let late = elements.into_iter().filter(|one| one.occurred_at.0 >= since).collect();
    Customer::new(state, late, BTreeSet::from(["loyalty_card".to_owned()]), HashKey::new([7; 32]))
}

/// The touchpoints of deeds.
pub(crate) fn touchpoints(deeds: &[Deed]) -> impl Iterator<Item = Arc<Touchpoint>> {
    deeds.iter().enumerate().map(|(place, deed)| element(place, deed).touchpoint)
}

fn element(place: usize, deed: &Deed) -> Element {
    let mut touchpoint = Touchpoint {
        source: "pos".to_owned(),
        message_id: format!("{place:04}"),
        kind: deed.kind().to_owned(),
        identifiers: vec![Identifier { namespace: "loyalty_card".to_owned(), value: "1".to_owned() }],
        occurred_at: Some(Micros(deed.at).to_proto()),
        store_id: if deed.store == 0 { String::new() } else { format!("s{}", deed.store) },
        ..Touchpoint::default()
    };
    let money = |cents: i64| {
        Some(Money { amount: format!("{}.{:02}", cents / 100, cents % 100), currency_code: "EUR".to_owned() })
    };
    match deed.what {
        What::Bought(order, cents) => {
            touchpoint.order = Some(Order { order_id: format!("o{order}"), total: money(cents), ..Order::default() });
        }
        What::Refunded(order, cents) => {
            touchpoint.order = Some(Order { order_id: format!("o{order}"), refund: money(cents), ..Order::default() });
        }
        What::Cancelled(order) => {
            touchpoint.order = Some(Order { order_id: format!("o{order}"), ..Order::default() });
        }
        What::Tier(tier) => {
            let value = prost_types::Value { kind: Some(prost_types::value::Kind::StringValue(format!("tier{tier}"))) };
            touchpoint.traits = Some(prost_types::Struct { fields: [("tier".to_owned(), value)].into() });
        }
        What::Consent(granted) => {
            let status = if granted { ConsentStatus::Granted } else { ConsentStatus::Denied };
            touchpoint.consents = vec![Consent { purpose: "email".to_owned(), status: status.into() }];
        }
        What::Added | What::Entered => {}
    }
    Element {
        occurred_at: Micros(deed.at),
        content: ContentHash([u8::try_from(place).unwrap(); 16]),
        touchpoint: Arc::new(touchpoint),
    }
}
