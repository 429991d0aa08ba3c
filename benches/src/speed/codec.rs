//! Reading and writing a touchpoint, and the keyed hashes that its keys are made of.

use std::{hint::black_box, path::Path};

use anyhow::Result;
use prost::Message;
use types::{
    Identifier,
    record::{Envelope, Touchpoint},
};

use crate::{
    measure::{Figure, measure},
    plan::Plan,
    sample,
    table::Section,
};

/// Different samples, so that no branch is learnt by heart.
const SAMPLES: u64 = 1_024;

/// Decoding alone: the unit of all ratios.
pub fn unit(plan: &Plan) -> Figure {
    let bytes: Vec<Vec<u8>> = envelopes().iter().map(Message::encode_to_vec).collect();
    let mean = bytes.iter().map(Vec::len).sum::<usize>() / bytes.len();
    over(plan, "protobuf decode of envelope and touchpoint", &bytes, |encoded| {
        let envelope = Envelope::decode(encoded.as_slice()).expect("encoded above");
        black_box(Touchpoint::decode(envelope.payload.as_slice()).expect("encoded above"));
    })
    .remark(format!("{mean} B"))
}

/// All figures of this group.
///
/// # Errors
/// None; the signature is that of all groups.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let envelopes = envelopes();
    let mut figures = vec![unit(plan), encode(plan)];
    figures.extend(hashes(plan, &envelopes));
    Ok(Section {
        title: "Codec and hashes",
        note: "One touchpoint: an order of one item, two identifiers.".into(),
        figures,
    })
}

fn encode(plan: &Plan) -> Figure {
    let pairs: Vec<(Envelope, Touchpoint)> =
        (0..SAMPLES).map(|n| (sample::envelope(n, n % 50), sample::touchpoint(n, n % 50))).collect();
    let mut buffer = Vec::with_capacity(1_024);
    over(plan, "protobuf encode of both, into a buffer kept", &pairs, |(envelope, touchpoint)| {
        buffer.clear();
        touchpoint.encode(&mut buffer).expect("a vector grows");
        envelope.encode(&mut buffer).expect("a vector grows");
        black_box(&buffer);
    })
}

fn hashes(plan: &Plan, envelopes: &[Envelope]) -> Vec<Figure> {
    let key = sample::hash_key();
    let cards: Vec<Identifier> = (0..SAMPLES).map(|n| Identifier::new("loyalty_card", format!("62{n:010}"))).collect();
    let ids: Vec<_> = cards.chunks(2).map(|pair| [key.identifier_id(&pair[0]), key.identifier_id(&pair[1])]).collect();
    let copy = over(plan, "BLAKE3 copy key", envelopes, |envelope| {
        black_box(key.copy_key(&envelope.partition_key, &envelope.source, "017-000000123456"));
    });
    let content = over(plan, "BLAKE3 content hash", envelopes, |envelope| {
        black_box(key.content_hash(&envelope.payload));
    });
    let identifier = over(plan, "BLAKE3 identifier id", &cards, |card| {
        black_box(key.identifier_id(card));
    });
    let fragment = over(plan, "BLAKE3 fragment id of two identifier ids", &ids, |pair| {
        black_box(key.fragment_id(pair));
    });
    let payload = envelopes.iter().map(|envelope| envelope.payload.len()).sum::<usize>() / envelopes.len();
    vec![copy, content.remark(format!("{payload} B")), identifier, fragment]
}

fn envelopes() -> Vec<Envelope> {
    (0..SAMPLES).map(|n| sample::envelope(n, n % 50)).collect()
}

/// Times `work` over all inputs, often enough that a pass takes a good part of a second.
pub(super) fn over<T>(plan: &Plan, name: &str, inputs: &[T], mut work: impl FnMut(&T)) -> Figure {
    let rounds = if plan.quick { 50 } else { 200 };
    measure(name, plan.passes(), rounds * inputs.len() as u64, || {
        for _ in 0..rounds {
            inputs.iter().for_each(|input| work(black_box(input)));
        }
    })
}
