//! Samples as they come in a shop's life: orders of one or two items under a loyalty card, and keys without any order.
//!
//! Everything follows from a seed, so that two runs work on the same bytes.

use prost::Message;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use types::{
    HashKey, Identifier, Micros,
    record::{self, Envelope, Touchpoint},
};

/// Microseconds of 2026-03-01T00:00:00Z.
const EPOCH_MICROS: i64 = 1_772_323_200_000_000;

/// A generator of the given stream.
pub fn random(stream: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0x5eed_0000 + stream)
}

/// `count` keys of 16 random bytes, as keyed hashes are.
pub fn keys(count: usize, stream: u64) -> Vec<[u8; 16]> {
    let mut random = random(stream);
    (0..count).map(|_| key(&mut random)).collect()
}

/// One key of 16 random bytes.
pub fn key(random: &mut impl Rng) -> [u8; 16] {
    let mut key = [0; 16];
    random.fill_bytes(&mut key);
    key
}

/// The deployment's key of all samples.
pub fn hash_key() -> HashKey {
    HashKey::derive("samples")
}

/// The `sequence`th touchpoint of a customer: an order in a store, about 200 bytes encoded.
pub fn touchpoint(customer: u64, sequence: u64) -> Touchpoint {
    let number = customer * 1_009 + sequence;
    Touchpoint {
        source: "pos".to_owned(),
        message_id: format!("{:03}-{number:012}", number % 240),
        kind: "order_completed".to_owned(),
        identifiers: vec![
            record::Identifier { namespace: "loyalty_card".to_owned(), value: format!("62{customer:010}") },
            record::Identifier { namespace: "phone".to_owned(), value: format!("+86138{customer:08}") },
        ],
        occurred_at: Some(occurred_at(sequence, customer).to_proto()),
        store_id: format!("sh-{:03}", number % 240),
        channel: "store".to_owned(),
        visit_id: format!("v-{number:012}"),
        order: Some(record::Order {
            order_id: format!("A{number:011}"),
            total: Some(money(number)),
            ..Default::default()
        }),
        items: vec![record::Item {
            product_id: format!("SKU{:06}", number * 7_919 % 1_000_000),
            category: ["shoes", "coats", "bags", "tea"][(number % 4) as usize].to_owned(),
            quantity: (1 + number % 3).to_string(),
            price: Some(money(number)),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// The envelope of that touchpoint, about 250 bytes encoded.
pub fn envelope(customer: u64, sequence: u64) -> Envelope {
    let card = Identifier::new("loyalty_card", format!("62{customer:010}"));
    Envelope {
        format_version: record::FORMAT_VERSION,
        partition_key: hash_key().partition_key(&card).0.to_vec(),
        source: "pos".to_owned(),
        received_at: Some(Micros(occurred_at(sequence, customer).0 + 1_500_000).to_proto()),
        payload_type: record::PayloadType::Touchpoint.into(),
        payload: touchpoint(customer, sequence).encode_to_vec(),
        ..Default::default()
    }
}

/// When that touchpoint happened: later ones of a customer later, by three hours and a bit.
pub fn occurred_at(sequence: u64, customer: u64) -> Micros {
    let minutes = i64::try_from(sequence * 187 + customer % 60).expect("samples are few");
    Micros(EPOCH_MICROS + minutes * 60_000_000)
}

fn money(number: u64) -> record::Money {
    record::Money { amount: format!("{}.{:02}", 20 + number % 480, number % 100), currency_code: "CNY".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_what_the_table_says() {
        let size = envelope(123_456, 7).encoded_len();
        assert!((235..=265).contains(&size), "{size} bytes");
    }
}
