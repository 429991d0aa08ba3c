//! Orders as `docs/metrics.md` has them: each order id once, a whole report before lines, the last whole report before others.

use std::collections::{BTreeMap, BTreeSet};

use types::record::{Item, Money, Touchpoint};

use super::{
    Answers,
    amount::{self, Amounts},
    calendar,
    counting::Seen,
};

/// Units and money of something, and how many orders have it.
#[derive(Default)]
struct Part {
    orders: usize,
    units: i128,
    spent: Amounts,
}

/// All that is added up over orders.
#[derive(Default)]
struct Sums {
    orders: usize,
    cancelled: usize,
    units: i128,
    gross: Amounts,
    discounts: Amounts,
    total: Amounts,
    refunds: (usize, Amounts),
    returns: (usize, Amounts),
    returned_units: i128,
    completed: Vec<i64>,
    parts: BTreeMap<(&'static str, String), Part>,
}

/// Adds what the orders of these touchpoints (in the total order) come to.
pub(super) fn answer(touchpoints: &[&Seen], answers: &mut Answers) {
    let ids: BTreeSet<&str> = touchpoints.iter().filter_map(|seen| order_id(seen)).collect();
    let mut sums = Sums::default();
    for id in ids {
        let about: Vec<&Seen> = touchpoints.iter().copied().filter(|seen| order_id(seen) == Some(id)).collect();
        let of_kind =
            |kind: &str| -> Vec<&Seen> { about.iter().copied().filter(|seen| seen.touchpoint.kind == kind).collect() };
        if !of_kind("order_cancelled").is_empty() {
            sums.cancelled += 1;
            continue;
        }
        give_back(&about, &mut sums);
        let (reports, lines) = (of_kind("order_completed"), of_kind("order_line_completed"));
        let at = reports.iter().chain(&lines).map(|seen| seen.at()).min();
        let stands = reports.last().map_or(lines.clone(), |report| vec![*report]);
        if let Some(at) = at {
            buy(&stands, !reports.is_empty(), at, &mut sums);
        }
    }
    tell(&sums, answers);
}

fn order_id(seen: &Seen) -> Option<&str> {
    const KINDS: [&str; 5] =
        ["order_completed", "order_line_completed", "order_cancelled", "order_refunded", "order_returned"];
    let id = seen.touchpoint.order.as_ref()?.order_id.as_str();
    (KINDS.contains(&seen.touchpoint.kind.as_str()) && !id.is_empty()).then_some(id)
}

/// A refund that has an id counts once: its money by the last report, a return if any report is one.
fn give_back(about: &[&Seen], sums: &mut Sums) {
    let mut named: BTreeMap<&str, Vec<&Touchpoint>> = BTreeMap::new();
    for touchpoint in about.iter().map(|seen| &seen.touchpoint) {
        if matches!(touchpoint.kind.as_str(), "order_refunded" | "order_returned") {
            match touchpoint.order.as_ref().map_or("", |order| order.refund_id.as_str()) {
                "" => count_back(&[touchpoint], sums),
                id => named.entry(id).or_default().push(touchpoint),
            }
        }
    }
    named.values().for_each(|reports| count_back(reports, sums));
}

fn count_back(reports: &[&Touchpoint], sums: &mut Sums) {
    let Some(last) = reports.last() else { return };
    let stated = last.order.as_ref().and_then(|order| amount::money(order.refund.as_ref()));
    let money = stated.unwrap_or_else(|| spent(last.items.iter()));
    let last_return = reports.iter().rfind(|report| report.kind == "order_returned");
    let side = if last_return.is_some() { &mut sums.returns } else { &mut sums.refunds };
    side.0 += 1;
    amount::add(&mut side.1, 1, &money);
    sums.returned_units += last_return.map_or(0, |report| report.items.iter().map(quantity).sum());
}

fn buy(stands: &[&Seen], whole: bool, at: i64, sums: &mut Sums) {
    let items = || stands.iter().flat_map(|seen| &seen.touchpoint.items);
    let last = stands.last().map(|seen| &seen.touchpoint).expect("something was completed");
    let own = |money: fn(&types::record::Order) -> &Option<Money>| {
        last.order.as_ref().filter(|_| whole).and_then(|order| amount::money(money(order).as_ref()))
    };
    let (mut gross, mut discounts) = (priced(items()), discounted(items()));
    discounts = own(|order| &order.discount).unwrap_or(discounts);
    let total = match own(|order| &order.total) {
        Some(total) => {
            if gross.is_empty() {
                gross = total.clone();
                amount::add(&mut gross, 1, &discounts);
            }
            total
        }
        None => {
            let mut total = gross.clone();
            amount::add(&mut total, -1, &discounts);
            total
        }
    };
    let units = items().map(quantity).sum();
    sums.orders += 1;
    sums.units += units;
    sums.completed.push(at);
    amount::add(&mut sums.gross, 1, &gross);
    amount::add(&mut sums.discounts, 1, &discounts);
    amount::add(&mut sums.total, 1, &total);
    let places = [("store", &last.store_id), ("channel", &last.channel), ("month", &calendar::month(at))];
    for (part, text) in places.into_iter().filter(|(_, text)| !text.is_empty()) {
        put(sums, part, text, units, &total);
    }
    let categories: BTreeSet<&str> =
        items().map(|item| item.category.as_str()).filter(|text| !text.is_empty()).collect();
    for category in categories {
        let of_it = || items().filter(|item| item.category == category);
        put(sums, "category", category, of_it().map(quantity).sum(), &spent(of_it()));
    }
}

fn put(sums: &mut Sums, part: &'static str, text: &str, units: i128, spent: &Amounts) {
    let held = sums.parts.entry((part, text.to_owned())).or_default();
    (held.orders, held.units) = (held.orders + 1, held.units + units);
    amount::add(&mut held.spent, 1, spent);
}

fn quantity(item: &Item) -> i128 {
    amount::decimal(&item.quantity)
}

/// Price × quantity.
fn priced<'a>(items: impl Iterator<Item = &'a Item>) -> Amounts {
    let mut sums = Amounts::new();
    for item in items {
        for (currency, price) in amount::money(item.price.as_ref()).unwrap_or_default() {
            *sums.entry(currency).or_default() += price / 1_000_000 * (quantity(item) / 1_000_000);
        }
    }
    sums
}

fn discounted<'a>(items: impl Iterator<Item = &'a Item>) -> Amounts {
    let mut sums = Amounts::new();
    items.filter_map(|item| amount::money(item.discount.as_ref())).for_each(|more| amount::add(&mut sums, 1, &more));
    sums
}

/// Price × quantity − discount.
fn spent<'a>(items: impl Iterator<Item = &'a Item> + Clone) -> Amounts {
    let mut sums = priced(items.clone());
    amount::add(&mut sums, -1, &discounted(items));
    sums
}

fn tell(sums: &Sums, answers: &mut Answers) {
    let mut net = sums.total.clone();
    amount::add(&mut net, -1, &sums.refunds.1);
    amount::add(&mut net, -1, &sums.returns.1);
    let average: Amounts = match sums.orders {
        0 => Amounts::new(),
        orders => sums.total.iter().map(|(code, sum)| (code.clone(), amount::divided(*sum, orders as i128))).collect(),
    };
    let days: BTreeSet<i64> = sums.completed.iter().map(|at| calendar::day(*at)).collect();
    let mut put = |name: &str, there: bool, text: String| there.then(|| answers.insert(name.to_owned(), text));
    for (name, count) in [
        ("orders", sums.orders),
        ("orders_cancelled", sums.cancelled),
        ("order_days", days.len()),
        ("refund_count", sums.refunds.0),
        ("return_count", sums.returns.0),
    ] {
        put(name, count > 0, count.to_string());
    }
    for (name, units) in [("units", sums.units), ("returned_units", sums.returned_units)] {
        put(name, units != 0, units.to_string());
    }
    for (name, money) in [
        ("gross", &sums.gross),
        ("discounts", &sums.discounts),
        ("refunds", &sums.refunds.1),
        ("returns", &sums.returns.1),
        ("net", &net),
        ("average_order", &average),
    ] {
        put(name, !money.is_empty(), amount::text(money));
    }
    for (name, at) in [("first_order_at", sums.completed.iter().min()), ("last_order_at", sums.completed.iter().max())]
    {
        put(name, at.is_some(), at.copied().unwrap_or_default().to_string());
    }
    for ((part, text), Part { orders, units, spent }) in &sums.parts {
        put(&format!("orders_by_{part}/{text}"), true, orders.to_string());
        put(&format!("units_by_{part}/{text}"), true, units.to_string());
        put(&format!("spent_by_{part}/{text}"), true, amount::text(spent));
    }
}
