//! A touchpoint as one line of a timeline.

use proto::customer::{References, TimelineEntry, identity_event::Event};
use types::record::{IdentityDecision, Item, Touchpoint};

use super::{explanation::action, table::cut, value};

/// Line above a timeline.
pub const HEAD: &str = "OCCURRED (UTC)       KIND                  SOURCE        WHERE             WHAT";

/// Products named on a line.
const NAMED_ITEMS_MAX: usize = 2;

/// One line, under `HEAD`.
pub fn line(entry: &TimelineEntry) -> String {
    if let Some(decision) = &entry.decision {
        return decided(decision);
    }
    let nothing = Touchpoint::default();
    let touchpoint = entry.touchpoint.as_ref().unwrap_or(&nothing);
    let references = entry.references.clone().unwrap_or_default();
    let time = time(touchpoint.occurred_at.as_ref());
    let (kind, source, place) = (cut(&touchpoint.kind, 20), cut(&touchpoint.source, 12), cut(&place(touchpoint), 16));
    format!(
        "{time:<19}  {kind:<20}  {source:<12}  {place:<16}  {}",
        [what(touchpoint, &references), identity(entry)].join("  ")
    )
    .trim_end()
    .to_owned()
}

fn time(at: Option<&prost_types::Timestamp>) -> String {
    value::time(at).replace('T', " ").trim_end_matches('Z').to_owned()
}

fn decided(decision: &IdentityDecision) -> String {
    let (left, right) = (value::identifier(decision.left.as_ref()), value::identifier(decision.right.as_ref()));
    let (time, what) = (time(decision.decided_at.as_ref()), action(decision));
    let (operator, reason) = (cut(&decision.operator, 12), &decision.reason);
    format!("{time:<19}  {:<20}  {operator:<12}  {:<16}  {what} {left} {right}: {reason}", "identity_decision", "")
}

/// What the touchpoint did to identity.
fn identity(entry: &TimelineEntry) -> String {
    let words = entry.identity_events.iter().filter_map(|event| match event.event.as_ref()? {
        Event::Joined(link) => Some(format!(
            "[joined {} and {}]",
            value::identifier(link.identifier.as_ref()),
            value::identifier(link.other.as_ref())
        )),
        Event::Refused(link) => Some(format!(
            "[not joined: {} and {}: {}]",
            value::identifier(link.identifier.as_ref()),
            value::identifier(link.other.as_ref()),
            link.rule
        )),
    });
    words.collect::<Vec<_>>().join("  ")
}

fn place(touchpoint: &Touchpoint) -> String {
    let parts = [&touchpoint.store_id, &touchpoint.zone_id].into_iter().filter(|part| !part.is_empty());
    let place = parts.cloned().collect::<Vec<_>>().join("/");
    if place.is_empty() { touchpoint.channel.clone() } else { place }
}

/// What makes this touchpoint differ from others of its kind.
fn what(touchpoint: &Touchpoint, references: &References) -> String {
    let mut words: Vec<String> = Vec::new();
    if let Some(order) = &touchpoint.order {
        words.push(order.order_id.clone());
        words.extend(order.total.iter().map(|total| value::money([total])));
        words.extend(order.refund.iter().map(|refund| format!("back {}", value::money([refund]))));
    }
    words.extend(items(&touchpoint.items, references));
    words.extend(touchpoint.coupon.iter().map(|coupon| format!("coupon {}", coupon.coupon_id)));
    words.extend(touchpoint.score.iter().map(|score| format!("{} {}", score.scale, score.value)));
    words.extend(touchpoint.duration.iter().map(value::duration));
    words.extend(touchpoint.cost.iter().map(|cost| format!("cost {}", value::money([cost]))));
    if touchpoint.points > 0 {
        words.push(format!("{} points", touchpoint.points));
    }
    words.extend(
        touchpoint.consents.iter().map(|consent| format!("{} {}", consent.purpose, value::decision(consent.status()))),
    );
    for (name, text) in [("message", &touchpoint.marketing_message_id), ("case", &touchpoint.case_id)] {
        words.extend((!text.is_empty()).then(|| format!("{name} {text}")));
    }
    words.extend((!touchpoint.search_query.is_empty()).then(|| format!("\"{}\"", touchpoint.search_query)));
    words.extend(touchpoint.traits.iter().map(value::pairs));
    let region = references.store.iter().filter_map(|place| place.store.as_ref()).map(|store| &store.region);
    words.extend(region.filter(|region| !region.is_empty()).map(|region| format!("in {region}")));
    words.join("  ")
}

fn items(items: &[Item], references: &References) -> Option<String> {
    let known = |index: usize| {
        let found = references.items.iter().find(|one| one.index as usize == index);
        found.and_then(|one| one.product.as_ref()).map(|product| &product.name).filter(|name| !name.is_empty())
    };
    let name = |(index, item): (usize, &Item)| {
        let said = Some(&item.name).filter(|name| !name.is_empty());
        let name = said.or_else(|| known(index)).unwrap_or(&item.product_id);
        let price = item.price.iter().map(|price| format!(" at {}", value::money([price]))).collect::<String>();
        if item.quantity.is_empty() { format!("{name}{price}") } else { format!("{} x {name}{price}", item.quantity) }
    };
    let named: Vec<String> = items.iter().enumerate().take(NAMED_ITEMS_MAX).map(name).collect();
    let more = items.len().saturating_sub(NAMED_ITEMS_MAX);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    (!items.is_empty()).then(|| named.join(", ") + &more)
}
