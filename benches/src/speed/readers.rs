//! Decoding a touchpoint by readers that copy less than the product's: shared bytes, and borrowed views of the record.
//!
//! All but the lean one are generated from the same schema; what each reads is held against the product's reader before it is timed.

mod lean;

use std::{hint::black_box, path::Path};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use prost::Message as _;
use types::record::{self, Envelope, Touchpoint};

use self::{
    borrowed::patron::journal::v1::{EnvelopeLazyView, EnvelopeView, TouchpointLazyView, TouchpointView},
    lean::Lean,
};
use super::codec::over;
use crate::{measure::Figure, plan::Plan, sample, table::Section};

/// prost's code with `Bytes` where the product has vectors.
#[allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
mod shared {
    include!(concat!(env!("OUT_DIR"), "/shared/patron.journal.v1.rs"));
}

/// buffa's code: views that borrow from the record.
#[allow(
    missing_docs,
    unreachable_pub,
    rust_2018_idioms,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
mod borrowed {
    include!(concat!(env!("OUT_DIR"), "/borrowed/records.rs"));
}

/// All figures of this group.
///
/// # Errors
/// A reader that reads something else than the product's.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let records: Vec<Bytes> = (0..1_024).map(|n| sample::envelope(n, n % 50).encode_to_vec().into()).collect();
    for record in &records {
        check(record)?;
    }
    let note = "Envelope and touchpoint of the first table, read by others. The lazy views and the lean reader stop at what the fold \
                needs: keys, times, kind, identifiers, store, channel, visit, order and items.";
    Ok(Section { title: "Readers of a touchpoint", note: note.into(), figures: figures(plan, &records) })
}

fn figures(plan: &Plan, records: &[Bytes]) -> Vec<Figure> {
    let shared = over(plan, "prost with Bytes", records, |record| {
        black_box(by_shared(record).expect("checked above"));
    });
    let views = over(plan, "buffa, views", records, |record| {
        black_box(by_views(record).expect("checked above"));
    });
    let lazy = over(plan, "buffa, lazy views, what the fold needs", records, |record| {
        black_box(by_lazy_views(record).expect("checked above"));
    });
    let mut lean = Lean::default();
    let slices: Vec<&[u8]> = records.iter().map(Bytes::as_ref).collect();
    let leanly = over(plan, "a lean reader, what the fold needs", &slices, |record| {
        lean.read(record).expect("checked above");
        black_box(&lean);
    });
    vec![shared, views, lazy, leanly]
}

fn by_product(record: &[u8]) -> Result<(Envelope, Touchpoint)> {
    let envelope = Envelope::decode(record)?;
    let touchpoint = Touchpoint::decode(envelope.payload.as_slice())?;
    Ok((envelope, touchpoint))
}

fn by_shared(record: &Bytes) -> Result<(shared::Envelope, shared::Touchpoint)> {
    let envelope = shared::Envelope::decode(record.clone())?;
    let touchpoint = shared::Touchpoint::decode(envelope.payload.clone())?;
    Ok((envelope, touchpoint))
}

fn by_views(record: &[u8]) -> Result<(EnvelopeView<'_>, TouchpointView<'_>)> {
    use buffa::MessageView as _;
    let envelope = EnvelopeView::decode_view(record)?;
    let touchpoint = TouchpointView::decode_view(envelope.payload)?;
    Ok((envelope, touchpoint))
}

/// The nested messages that the fold needs are read, too: a lazy view leaves them for later.
fn by_lazy_views(record: &[u8]) -> Result<(EnvelopeLazyView<'_>, TouchpointLazyView<'_>)> {
    use buffa::LazyMessageView as _;
    let envelope = EnvelopeLazyView::decode_lazy(record)?;
    let touchpoint = TouchpointLazyView::decode_lazy(envelope.payload)?;
    for identifier in &touchpoint.identifiers {
        black_box(identifier?);
    }
    if let Some(order) = touchpoint.order.get()? {
        black_box(order.total.get()?);
    }
    for item in &touchpoint.items {
        black_box(item?.price.get()?);
    }
    Ok((envelope, touchpoint))
}

/// What others read, encoded again, is the record.
fn check(record: &Bytes) -> Result<()> {
    let (envelope, touchpoint) = by_product(record)?;
    let (one, other) = by_shared(record)?;
    ensure!(
        one.encode_to_vec() == *record && other.encode_to_vec() == one.payload,
        "prost with Bytes reads something else"
    );
    let (one, other) = by_views(record)?;
    ensure!(again(&one)? == *record && again(&other)? == envelope.payload, "the views read something else");
    check_lazy(record)?;
    let mut lean = Lean::default();
    lean.read(record)?;
    check_lean(&lean, &envelope, &touchpoint)
}

fn again<'a, V: buffa::MessageView<'a>>(view: &V) -> Result<Vec<u8>> {
    use buffa::Message as _;
    Ok(view.to_owned_message()?.encode_to_vec())
}

fn check_lazy(record: &[u8]) -> Result<()> {
    use buffa::{LazyMessageView as _, Message as _};
    let (envelope, touchpoint) = by_lazy_views(record)?;
    let payload = touchpoint.to_owned_message()?.encode_to_vec();
    ensure!(payload == envelope.payload, "the lazy views read something else");
    ensure!(envelope.to_owned_message()?.encode_to_vec() == record, "the lazy views read something else");
    Ok(())
}

fn check_lean(lean: &Lean<'_>, envelope: &Envelope, touchpoint: &Touchpoint) -> Result<()> {
    let money = |money: &Option<record::Money>| money.clone().map(|money| (money.amount, money.currency_code));
    let owned = |(one, other): lean::Pair<'_>| (one.to_owned(), other.to_owned());
    let instant = |time: &Option<prost_types::Timestamp>| time.map(|time| (time.seconds, i64::from(time.nanos)));
    let order = touchpoint.order.as_ref().context("the samples are orders")?;
    ensure!(lean.partition_key == envelope.partition_key && lean.payload == envelope.payload, "another envelope");
    ensure!(lean.payload_type == envelope.payload_type as u64, "another payload");
    ensure!(Some(lean.received_at) == instant(&envelope.received_at), "another receipt");
    ensure!(Some(lean.occurred_at) == instant(&touchpoint.occurred_at), "another instant");
    let texts = [lean.source, lean.message_id, lean.kind, lean.store_id, lean.channel, lean.visit_id, lean.order_id];
    let Touchpoint { source, message_id, kind, store_id, channel, visit_id, .. } = touchpoint;
    ensure!(
        texts == [source, message_id, kind, store_id, channel, visit_id, &order.order_id],
        "other texts: {texts:?}"
    );
    ensure!(Some(owned(lean.total)) == money(&order.total), "another total");
    let identifiers: Vec<_> =
        touchpoint.identifiers.iter().map(|one| (one.namespace.as_str(), one.value.as_str())).collect();
    ensure!(lean.identifiers == identifiers, "other identifiers");
    ensure!(lean.items.len() == touchpoint.items.len(), "other items");
    for (lean, item) in lean.items.iter().zip(&touchpoint.items) {
        let texts = [lean.product_id, lean.category, lean.quantity];
        ensure!(texts == [&item.product_id, &item.category, &item.quantity], "another item: {texts:?}");
        ensure!(Some(owned(lean.price)) == money(&item.price), "another price");
    }
    Ok(())
}
