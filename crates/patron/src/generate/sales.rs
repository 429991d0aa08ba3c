//! Orders: at the till, reported again by the app, line by line from an old till, and what becomes of them.

use rand::RngExt as _;
use types::{
    Kind,
    record::{Identifier, Item, Order},
};

use super::{
    catalogue::{STORES, any_product, cents, euros},
    script::Script,
};

/// The store whose tills report line by line.
const STORE_OF_LINES: usize = 11;

/// Where an order is placed.
pub(crate) struct Place<'a> {
    /// The system that reports it.
    pub(crate) source: &'a str,
    /// Channel.
    pub(crate) channel: &'a str,
    /// Store; empty online.
    pub(crate) store: &'a str,
    /// Visit that it belongs to; may be empty.
    pub(crate) visit: &'a str,
}

/// A purchase at a till, without any sign of the visit around it. One in five is nobody's.
pub(crate) fn play(script: &mut Script<'_>) {
    let index = store(script);
    let who: Vec<Identifier> = script.person.card().filter(|_| script.rng.random_ratio(4, 5)).into_iter().collect();
    if index == STORE_OF_LINES {
        lines(script, &who)
    } else {
        at_till(script, STORES.get(index).map_or("", |store| store.0), &who, "")
    }
}

/// The store that a person goes to: mostly the nearest one.
pub(crate) fn store(script: &mut Script<'_>) -> usize {
    if script.chance(70) { script.person.home_store() % STORES.len() } else { script.rng.random_range(0..STORES.len()) }
}

/// An order at the till of a store, and what follows from it.
pub(crate) fn at_till(script: &mut Script<'_>, store: &str, who: &[Identifier], visit: &str) {
    let order_id = script.name("o");
    let items = basket(script);
    let order = order(script, &order_id, &items);
    complete(script, &Place { source: "pos", channel: "store", store, visit }, who, &order, &items);
    if !who.is_empty() {
        points(script, who, &order);
    }
    if let (Some(user), false, true) = (script.person.user_id(), who.is_empty(), script.chance(12)) {
        app_reports_too(script, user, store, &order, &items);
    }
    aftermath(script, who, &order, &items);
}

/// An order placed in the app or on the web.
pub(crate) fn online(script: &mut Script<'_>, source: &str, who: &[Identifier], items: &[Item], visit: &str) {
    let order_id = script.name("o");
    let order = order(script, &order_id, items);
    complete(script, &Place { source, channel: source, store: "", visit }, who, &order, items);
    if script.chance(8) {
        script.wait(300, 36_000);
        let touchpoint = script.add(source, Kind::OrderCancelled, who);
        touchpoint.order = Some(Order { order_id, ..Order::default() });
        return;
    }
    aftermath(script, who, &order, items);
}

/// One to six products.
pub(crate) fn basket(script: &mut Script<'_>) -> Vec<Item> {
    let size = 1 + script.rng.random_range(0..4) * script.rng.random_range(0..3) / 2 + script.rng.random_range(0..2);
    (0..size).map(|_| line(script)).collect()
}

fn line(script: &mut Script<'_>) -> Item {
    let mut item = any_product(script);
    match item.category.as_str() {
        // Weighed at the counter.
        "food" if script.chance(20) => item.quantity = format!("0.{}", script.rng.random_range(101..999) | 1),
        _ if script.chance(20) => item.quantity = script.rng.random_range(2..5).to_string(),
        _ => {}
    }
    item
}

fn order(script: &mut Script<'_>, order_id: &str, items: &[Item]) -> Order {
    let gross: i64 = items.iter().map(line_cents).sum();
    let discount = if script.chance(15) { gross / 10 } else { 0 };
    Order {
        order_id: order_id.to_owned(),
        total: Some(euros(gross - discount)),
        discount: (discount > 0).then(|| euros(discount)),
        ..Order::default()
    }
}

/// Price × quantity, cut to the cent.
fn line_cents(item: &Item) -> i64 {
    let quantity = types::Decimal::parse(&item.quantity).unwrap_or(types::Decimal::ONE);
    item.price.as_ref().map_or(0, cents) * quantity.0 / types::Decimal::ONE.0
}

fn complete(script: &mut Script<'_>, place: &Place<'_>, who: &[Identifier], order: &Order, items: &[Item]) {
    let touchpoint = script.add(place.source, Kind::OrderCompleted, who);
    place.store.clone_into(&mut touchpoint.store_id);
    place.channel.clone_into(&mut touchpoint.channel);
    place.visit.clone_into(&mut touchpoint.visit_id);
    touchpoint.order = Some(order.clone());
    touchpoint.items = items.to_vec();
}

/// The same order under another message id: the app shows the receipt, and reports it.
fn app_reports_too(script: &mut Script<'_>, user: Identifier, store: &str, order: &Order, items: &[Item]) {
    script.wait(2, 90);
    let who = [user, script.person.device(false)];
    complete(script, &Place { source: "app", channel: "store", store, visit: "" }, &who, order, items);
}

fn points(script: &mut Script<'_>, who: &[Identifier], order: &Order) {
    let earned = order.total.as_ref().map_or(0, cents) / 100;
    if earned > 0 {
        script.wait(1, 3);
        script.add("loyalty", Kind::PointsEarned, who).points = earned;
    }
}

/// Refunds and returns in the days after.
fn aftermath(script: &mut Script<'_>, who: &[Identifier], order: &Order, items: &[Item]) {
    let Some(first) = items.first().filter(|_| script.chance(9)) else { return };
    let kind = if script.chance(65) { Kind::OrderReturned } else { Kind::OrderRefunded };
    script.wait_hours(20, 140);
    let refund_id = script.name("r");
    let touchpoint = script.add("pos", kind, who);
    let refund = Some(euros(line_cents(first)));
    touchpoint.order = Some(Order { order_id: order.order_id.clone(), refund, refund_id, ..Order::default() });
    if kind == Kind::OrderReturned {
        touchpoint.items = vec![first.clone()];
    }
}

/// The old tills report each line by itself, and no total.
fn lines(script: &mut Script<'_>, who: &[Identifier]) {
    let order_id = script.name("o");
    for item in basket(script) {
        let touchpoint = script.add("old_pos", Kind::OrderLineCompleted, who);
        touchpoint.store_id = STORES.get(STORE_OF_LINES).map_or("", |store| store.0).to_owned();
        "store".clone_into(&mut touchpoint.channel);
        touchpoint.order = Some(Order { order_id: order_id.clone(), ..Order::default() });
        touchpoint.items = vec![item];
        script.wait(1, 4);
    }
}
