//! Over which channels a customer may be contacted, as the message that callers see.
//!
//! Worked out from the touchpoints when a mask names it; what a cap is belongs to `segment::contact`.

use std::{collections::BTreeSet, rc::Rc, sync::Arc};

use expr::{Depth, Element, Subject as _};
use profile::State;
use proto::customer::{ContactChannel, ContactCount};
use segment::{Cap, Contact, Customer, Until};
use store::{
    CustomerRows, Resolved, Snapshot, StoreError,
    subjects::{self, Wanted},
};
use types::{Micros, record::ConsentStatus};

use crate::{context::Context, past::PastTouchpoint};

/// Why a list of all customers does not show it.
pub(crate) const ONE_BY_ONE: &str = "`contact` is not served for all customers at once; ask GetCustomer or BatchGetCustomers for \
     it, or ListMembers with a channel for those who may be contacted";
/// Why it is no field to explain.
pub(crate) const NOT_EXPLAINED: &str = "`contact` is not explained; GetCustomer shows it with the contacts in each span, and \
     `consents.PURPOSE` and the timeline show what is behind it";

/// A customer's channels by the clock.
pub(crate) fn now(
    context: &Context,
    snapshot: &Snapshot<'_>,
    rows: &CustomerRows<'_>,
    resolved: &Resolved,
) -> Result<Vec<ContactChannel>, StoreError> {
    let now = context.instant(snapshot)?;
    let state = rows.state(&resolved.identity)?;
    let reach = channels(context, &state).iter().map(|channel| context.caps.reach(channel)).max().unwrap_or_default();
    let wanted = Wanted { from: now, reach, depth: Depth::Registers };
    let subject = subjects::subject(rows, &context.hash_key, resolved, wanted)?;
    Ok(shown(context, &state, &subject.customer, now))
}

/// The channels of a customer of the past, by the touchpoints that counted then.
pub(crate) fn at(
    context: &Context,
    resolved: &Resolved,
    state: &State,
    touchpoints: &[Rc<PastTouchpoint>],
    now: Micros,
) -> Vec<ContactChannel> {
    let element = |one: &Rc<PastTouchpoint>| Element {
        occurred_at: one.place.occurred_at,
        content: one.place.content,
        touchpoint: Arc::new(one.touchpoint.clone()),
    };
    let elements = touchpoints.iter().map(element).collect();
    let namespaces = resolved.identity.identifiers.iter().map(|(_, node)| node.identifier.namespace.clone()).collect();
    let customer = Customer::new(state.clone(), elements, namespaces, context.hash_key.clone());
    shown(context, state, &customer, now)
}

/// The channels of a customer that is loaded, at an instant.
pub(crate) fn shown(context: &Context, state: &State, customer: &Customer, now: Micros) -> Vec<ContactChannel> {
    let capped: BTreeSet<&str> = context.caps.channels().collect();
    let held = |channel: &String| capped.contains(channel.as_str()) || customer.consent(channel, now).is_some();
    let channels = channels(context, state).into_iter().filter(held);
    channels.map(|channel| message(context, customer, channel, now)).collect()
}

/// Channels with a cap, and purposes that were ever decided.
fn channels(context: &Context, state: &State) -> BTreeSet<String> {
    let decided = state.core.consents.iter().filter(|(_, register)| register.is_some()).map(|(purpose, _)| purpose);
    context.caps.channels().map(str::to_owned).chain(decided.cloned()).collect()
}

fn message(context: &Context, customer: &Customer, channel: String, now: Micros) -> ContactChannel {
    let Contact { consent, contacts, allowed, until } = context.caps.contact(&channel, customer, now);
    let (changes_at, next_not_before) = match until {
        Until::Changes(at) => (Some(at.to_proto()), None),
        Until::Never => (None, None),
        Until::AtLeast(at) => (None, Some(at.to_proto())),
    };
    let consent = match consent {
        Some(true) => ConsentStatus::Granted,
        Some(false) => ConsentStatus::Denied,
        None => ConsentStatus::Unspecified,
    };
    ContactChannel {
        counts: context.caps.of(&channel).zip(contacts).map(|(cap, contacts)| count(cap, contacts)).collect(),
        channel,
        consent: consent.into(),
        allowed,
        changes_at,
        next_not_before,
        evaluated_at: Some(now.to_proto()),
    }
}

fn count(cap: &Cap, contacts: u64) -> ContactCount {
    const SECOND: i64 = 1_000_000;
    let nanos = i32::try_from(cap.span % SECOND * 1_000).unwrap_or_default();
    let span = prost_types::Duration { seconds: cap.span / SECOND, nanos };
    ContactCount { channel: cap.channel.clone().unwrap_or_default(), max: cap.max, span: Some(span), contacts }
}
