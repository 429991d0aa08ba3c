//! Normal form: equal facts have equal bytes. Part of the journal's format version.
//!
//! `trim` keeps every index and every value that the checks speak of; `canonical` comes after them. Both never fail, leave
//! what they cannot read as it is, and change nothing when applied again.

use prost_types::value::Kind as ValueKind;
use prost_types::{Struct, Value};
use types::limits::{NESTING_MAX, SCORE_MAX};
use types::money;
use types::record::{Coupon, Item, Money, Order, Score, Touchpoint};
use types::{Decimal, Identifier, Normaliser};

#[cfg(test)]
mod tests;

/// Trims white space off all texts (names of traits and properties apart) and tidies identifiers. Their normal form comes when
/// blocked ones are dropped.
pub fn trim(touchpoint: &mut Touchpoint, normaliser: &Normaliser) {
    each_text(touchpoint, &mut trim_text);
    for identifier in &mut touchpoint.identifiers {
        *identifier = (&normaliser.tidied(&Identifier::from(&*identifier))).into();
    }
}

/// Writes numbers, money and times in one way, sorts what is a set, and drops what is empty.
pub fn canonical(touchpoint: &mut Touchpoint) {
    touchpoint.identifiers = sorted(std::mem::take(&mut touchpoint.identifiers));
    touchpoint.consents.sort_by(|left, right| (&left.purpose, left.status).cmp(&(&right.purpose, right.status)));
    touchpoint.consents.dedup();
    each_money(touchpoint, &mut canonical_money);
    touchpoint.items.iter_mut().for_each(|item| canonical_quantity(&mut item.quantity));
    if let Some(time) = touchpoint.occurred_at.as_mut().filter(|time| (0..1_000_000_000).contains(&time.nanos)) {
        time.nanos -= time.nanos % 1_000;
    }
    touchpoint.score.iter_mut().for_each(canonical_score);
    drop_empty(touchpoint);
}

/// Strongest first, each once.
fn sorted(identifiers: Vec<types::record::Identifier>) -> Vec<types::record::Identifier> {
    let mut list: Vec<Identifier> =
        identifiers.into_iter().map(|one| Identifier { namespace: one.namespace, value: one.value }).collect();
    list.sort_by(|left, right| left.fixed_order().cmp(&right.fixed_order()));
    list.dedup();
    list.into_iter().map(|one| types::record::Identifier { namespace: one.namespace, value: one.value }).collect()
}

fn canonical_money(money: &mut Option<Money>) {
    if money.as_ref().is_some_and(|money| *money == Money::default()) {
        *money = None;
    }
    if let Some((currency, amount)) = money.as_ref().and_then(|money| money::read(money).ok()) {
        let places = usize::try_from(currency.minor_unit_places()).unwrap_or(0);
        *money = Some(Money { amount: amount.to_text(places), currency_code: currency.code().to_owned() });
    }
}

/// One is what the empty text means, so it is written as the empty text.
fn canonical_quantity(quantity: &mut String) {
    match Decimal::parse(quantity) {
        Ok(Decimal::ONE) => quantity.clear(),
        Ok(number) => *quantity = number.to_text(0),
        Err(_) => {}
    }
}

/// Six decimals, and no negative zero.
fn canonical_score(score: &mut Score) {
    if score.value.abs() > SCORE_MAX {
        return;
    }
    if let Some(number) = Decimal::from_f64(score.value) {
        #[expect(clippy::cast_precision_loss, reason = "below 10^15 at the limit of a score")]
        let millionths = number.0 as f64;
        score.value = millionths / 1e6;
    }
}

fn drop_empty(touchpoint: &mut Touchpoint) {
    fn drop<M: Default + PartialEq>(message: &mut Option<M>) {
        *message = message.take().filter(|message| *message != M::default());
    }
    drop(&mut touchpoint.campaign);
    drop(&mut touchpoint.device);
    drop(&mut touchpoint.order);
    drop(&mut touchpoint.coupon);
    drop(&mut touchpoint.score);
    drop(&mut touchpoint.traits);
    drop(&mut touchpoint.properties);
}

fn each_money(touchpoint: &mut Touchpoint, visit: &mut impl FnMut(&mut Option<Money>)) {
    if let Some(Order { total, discount, refund, .. }) = &mut touchpoint.order {
        [total, discount, refund].into_iter().for_each(&mut *visit);
    }
    for Item { price, discount, .. } in &mut touchpoint.items {
        [price, discount].into_iter().for_each(&mut *visit);
    }
    visit(&mut touchpoint.cost);
}

/// All texts of a touchpoint; a test walks every field to hold this list complete.
fn each_text(touchpoint: &mut Touchpoint, visit: &mut impl FnMut(&mut String)) {
    let own = [
        &mut touchpoint.source,
        &mut touchpoint.message_id,
        &mut touchpoint.kind,
        &mut touchpoint.store_id,
        &mut touchpoint.zone_id,
        &mut touchpoint.channel,
        &mut touchpoint.visit_id,
        &mut touchpoint.marketing_message_id,
        &mut touchpoint.case_id,
        &mut touchpoint.search_query,
    ];
    own.into_iter().for_each(&mut *visit);
    each_text_of_parts(touchpoint, visit);
    each_money(touchpoint, &mut |money| {
        money
            .iter_mut()
            .for_each(|money| [&mut money.amount, &mut money.currency_code].into_iter().for_each(&mut *visit));
    });
    [&mut touchpoint.traits, &mut touchpoint.properties]
        .into_iter()
        .flatten()
        .for_each(|values| texts_of(values, visit, 1));
}

fn each_text_of_parts(touchpoint: &mut Touchpoint, visit: &mut impl FnMut(&mut String)) {
    for identifier in &mut touchpoint.identifiers {
        [&mut identifier.namespace, &mut identifier.value].into_iter().for_each(&mut *visit);
    }
    if let Some(campaign) = &mut touchpoint.campaign {
        [&mut campaign.name, &mut campaign.source, &mut campaign.medium].into_iter().for_each(&mut *visit);
    }
    if let Some(device) = &mut touchpoint.device {
        [&mut device.r#type, &mut device.os, &mut device.app_version].into_iter().for_each(&mut *visit);
    }
    if let Some(Order { order_id, refund_id, .. }) = &mut touchpoint.order {
        [order_id, refund_id].into_iter().for_each(&mut *visit);
    }
    for Item { product_id, name, category, brand, quantity, .. } in &mut touchpoint.items {
        [product_id, name, category, brand, quantity].into_iter().for_each(&mut *visit);
    }
    if let Some(Coupon { coupon_id, offer_id }) = &mut touchpoint.coupon {
        [coupon_id, offer_id].into_iter().for_each(&mut *visit);
    }
    touchpoint.score.iter_mut().for_each(|score| visit(&mut score.scale));
    touchpoint.consents.iter_mut().for_each(|consent| visit(&mut consent.purpose));
}

/// What lies deeper than `NESTING_MAX` is refused by the checks and left as it is here.
fn texts_of(values: &mut Struct, visit: &mut impl FnMut(&mut String), depth: usize) {
    values.fields.values_mut().for_each(|value| texts_of_value(value, visit, depth));
}

fn texts_of_value(value: &mut Value, visit: &mut impl FnMut(&mut String), depth: usize) {
    match &mut value.kind {
        Some(ValueKind::StringValue(text)) => visit(text),
        Some(ValueKind::StructValue(inner)) if depth < NESTING_MAX => texts_of(inner, visit, depth + 1),
        Some(ValueKind::ListValue(list)) if depth < NESTING_MAX => {
            list.values.iter_mut().for_each(|value| texts_of_value(value, visit, depth + 1));
        }
        _ => {}
    }
}

fn trim_text(text: &mut String) {
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
}
