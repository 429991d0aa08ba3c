//! The tables of timelines: `touchpoints`, their `items`, which join by `source` and `message_id`, and operators' `decisions`.

use std::rc::Rc;

use proto::{
    customer::{ExportedEntry, IdentityEvent},
    json,
};
use types::{
    Decimal, ExactSum,
    record::{Campaign, Consent, Coupon, Device, IdentityDecision, Item, Order, Position, Score, Touchpoint},
};

use super::{
    Table,
    column::{
        Column,
        Read::{Amount, Integer, Made, Product, Seconds, Text, Time},
    },
    read::{amount, currency, identifiers, nanos, object, text, time},
};
use crate::{
    export::{ExportError, ExportedFile, dir::Dir, writer::TimelineTables},
    output::{explanation::action, value},
};

const TOUCHPOINTS: &[Column<TouchpointRow>] = &[
    Column("customer_id", Text(|row| text(&row.customer_id))),
    Column("source", Text(|row| text(&row.said.source))),
    Column("message_id", Text(|row| text(&row.said.message_id))),
    Column("kind", Text(|row| text(&row.said.kind))),
    Column("occurred_at", Time(|row| time(row.said.occurred_at.as_ref()))),
    Column("received_at", Time(|row| time(row.said.received_at.as_ref()))),
    Column("identifiers", Made(|row| Some(identifiers(&row.said.identifiers)))),
    Column("store_id", Text(|row| text(&row.said.store_id))),
    Column("zone_id", Text(|row| text(&row.said.zone_id))),
    Column("channel", Text(|row| text(&row.said.channel))),
    Column("visit_id", Text(|row| text(&row.said.visit_id))),
    Column("campaign_name", Text(|row| row.campaign().and_then(|campaign| text(&campaign.name)))),
    Column("campaign_source", Text(|row| row.campaign().and_then(|campaign| text(&campaign.source)))),
    Column("campaign_medium", Text(|row| row.campaign().and_then(|campaign| text(&campaign.medium)))),
    Column("device_type", Text(|row| row.device().and_then(|device| text(&device.r#type)))),
    Column("device_os", Text(|row| row.device().and_then(|device| text(&device.os)))),
    Column("device_app_version", Text(|row| row.device().and_then(|device| text(&device.app_version)))),
    Column("order_id", Text(|row| text(row.said.order_id()))),
    Column("order_total", Amount(|row| amount(row.order()?.total.as_ref()))),
    Column("order_discount", Amount(|row| amount(row.order()?.discount.as_ref()))),
    Column("order_refund", Amount(|row| amount(row.order()?.refund.as_ref()))),
    Column("order_currency_code", Text(TouchpointRow::order_currency)),
    Column("refund_id", Text(|row| row.order().and_then(|order| text(&order.refund_id)))),
    Column("item_count", Integer(|row| i64::try_from(row.said.items.len()).ok())),
    Column("coupon_id", Text(|row| row.coupon().and_then(|coupon| text(&coupon.coupon_id)))),
    Column("offer_id", Text(|row| row.coupon().and_then(|coupon| text(&coupon.offer_id)))),
    Column("marketing_message_id", Text(|row| text(&row.said.marketing_message_id))),
    Column("case_id", Text(|row| text(&row.said.case_id))),
    Column("score_scale", Text(|row| row.score().and_then(|score| text(&score.scale)))),
    Column("score", Amount(|row| Decimal::from_f64(row.score()?.value))),
    Column("duration_seconds", Seconds(|row| nanos(row.said.duration.as_ref()))),
    Column("cost", Amount(|row| amount(row.said.cost.as_ref()))),
    Column("cost_currency_code", Text(|row| currency([row.said.cost.as_ref()]))),
    Column("points", Integer(|row| (row.said.points != 0).then_some(row.said.points))),
    Column("search_query", Text(|row| text(&row.said.search_query))),
    Column("traits", Made(|row| object(row.said.traits.as_ref()))),
    Column("consents", Made(|row| consents(&row.said.consents))),
    Column("properties", Made(|row| object(row.said.properties.as_ref()))),
    Column("identity_events", Made(|row| events(&row.events))),
    Column("journal_partition", Integer(|row| Some(i64::from(row.position?.partition)))),
    Column("journal_offset", Integer(|row| i64::try_from(row.position?.offset).ok())),
];

const ITEMS: &[Column<ItemRow>] = &[
    Column("customer_id", Text(|row| text(&row.of.customer_id))),
    Column("source", Text(|row| text(&row.of.said.source))),
    Column("message_id", Text(|row| text(&row.of.said.message_id))),
    Column("line", Integer(|row| Some(row.line))),
    Column("kind", Text(|row| text(&row.of.said.kind))),
    Column("occurred_at", Time(|row| time(row.of.said.occurred_at.as_ref()))),
    Column("order_id", Text(|row| text(row.of.said.order_id()))),
    Column("product_id", Text(|row| text(&row.item.product_id))),
    Column("name", Text(|row| text(&row.item.name))),
    Column("category", Text(|row| text(&row.item.category))),
    Column("brand", Text(|row| text(&row.item.brand))),
    Column("quantity", Amount(|row| quantity(&row.item.quantity))),
    Column("price", Amount(|row| amount(row.item.price.as_ref()))),
    Column(
        "amount",
        Product(|row| Some(ExactSum::product(amount(row.item.price.as_ref())?, quantity(&row.item.quantity)?))),
    ),
    Column("discount", Amount(|row| amount(row.item.discount.as_ref()))),
    Column("currency_code", Text(|row| currency([row.item.price.as_ref(), row.item.discount.as_ref()]))),
];

const DECISIONS: &[Column<DecisionRow>] = &[
    Column("customer_id", Text(|row| text(&row.customer_id))),
    Column("decision_id", Text(|row| text(&row.said.decision_id))),
    Column("action", Text(|row| Some(action(&row.said)))),
    Column("left_namespace", Text(|row| row.said.left.as_ref().and_then(|left| text(&left.namespace)))),
    Column("left_value", Text(|row| row.said.left.as_ref().and_then(|left| text(&left.value)))),
    Column("right_namespace", Text(|row| row.said.right.as_ref().and_then(|right| text(&right.namespace)))),
    Column("right_value", Text(|row| row.said.right.as_ref().and_then(|right| text(&right.value)))),
    Column("reason", Text(|row| text(&row.said.reason))),
    Column("operator", Text(|row| text(&row.said.operator))),
    Column("decided_at", Time(|row| time(row.said.decided_at.as_ref()))),
];

struct TouchpointRow {
    customer_id: String,
    said: Touchpoint,
    position: Option<Position>,
    events: Vec<IdentityEvent>,
}

struct ItemRow {
    of: Rc<TouchpointRow>,
    /// From 1.
    line: i64,
    item: Item,
}

struct DecisionRow {
    customer_id: String,
    said: IdentityDecision,
}

impl TouchpointRow {
    fn campaign(&self) -> Option<&Campaign> {
        self.said.campaign.as_ref()
    }

    fn device(&self) -> Option<&Device> {
        self.said.device.as_ref()
    }

    fn order(&self) -> Option<&Order> {
        self.said.order.as_ref()
    }

    fn order_currency(&self) -> Option<&str> {
        let order = self.order()?;
        currency([order.total.as_ref(), order.discount.as_ref(), order.refund.as_ref()])
    }

    fn coupon(&self) -> Option<&Coupon> {
        self.said.coupon.as_ref()
    }

    fn score(&self) -> Option<&Score> {
        self.said.score.as_ref()
    }
}

/// The tables of timelines.
pub(in crate::export) struct Timelines {
    touchpoints: Table<TouchpointRow>,
    items: Table<ItemRow>,
    decisions: Table<DecisionRow>,
}

impl Timelines {
    /// No file yet.
    pub(in crate::export) fn new(dir: &Dir, file_bytes_max: u64) -> Self {
        Self {
            touchpoints: Table::new(dir, "touchpoints", TOUCHPOINTS, file_bytes_max),
            items: Table::new(dir, "items", ITEMS, file_bytes_max),
            decisions: Table::new(dir, "decisions", DECISIONS, file_bytes_max),
        }
    }
}

impl TimelineTables for Timelines {
    fn add_touchpoint(&mut self, entry: ExportedEntry) -> Result<(), ExportError> {
        let ExportedEntry { customer_id, entry } = entry;
        let entry = entry.unwrap_or_default();
        let said = entry.touchpoint.unwrap_or_default();
        let row = TouchpointRow { customer_id, said, position: entry.position, events: entry.identity_events };
        self.touchpoints.push(&row)?;
        let of = Rc::new(row);
        for (line, item) in (1..).zip(&of.said.items) {
            self.items.push(&ItemRow { of: Rc::clone(&of), line, item: item.clone() })?;
        }
        Ok(())
    }

    fn add_decision(&mut self, entry: ExportedEntry) -> Result<(), ExportError> {
        let said = entry.entry.and_then(|entry| entry.decision).unwrap_or_default();
        self.decisions.push(&DecisionRow { customer_id: entry.customer_id, said })
    }

    fn finish(self: Box<Self>) -> Result<Vec<ExportedFile>, ExportError> {
        Ok([self.touchpoints.finish()?, self.items.finish()?, self.decisions.finish()?].concat())
    }
}

/// Where none is given, it is one.
fn quantity(said: &str) -> Option<Decimal> {
    if said.is_empty() { Some(Decimal::ONE) } else { Decimal::parse(said).ok() }
}

/// `[{"purpose":…,"status":…},…]`.
fn consents(said: &[Consent]) -> Option<String> {
    let one = |said: &Consent| serde_json::json!({ "purpose": said.purpose, "status": value::decision(said.status()) });
    (!said.is_empty()).then(|| serde_json::Value::Array(said.iter().map(one).collect()).to_string())
}

/// Canonical JSON of each.
fn events(events: &[IdentityEvent]) -> Option<String> {
    (!events.is_empty()).then(|| serde_json::Value::Array(events.iter().map(json::to_value).collect()).to_string())
}
