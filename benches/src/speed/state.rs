//! Codecs of a state record: postcard against protobuf over the same struct, and postcard over the real core record.

use std::{collections::BTreeMap, hint::black_box, path::Path};

use anyhow::Result;
use profile::{Core, Fact, State};
use prost::Message;
use serde::{Deserialize, Serialize};

use super::codec::over;
use crate::{measure::Figure, plan::Plan, sample, table::Section};

/// A state record with small maps, which both codecs take.
#[derive(Clone, PartialEq, Message, Serialize, Deserialize)]
pub struct Record {
    /// How many touchpoints.
    #[prost(uint64, tag = "1")]
    pub touchpoints: u64,
    /// The first, in microseconds.
    #[prost(int64, tag = "2")]
    pub first_micros: i64,
    /// The last, in microseconds.
    #[prost(int64, tag = "3")]
    pub last_micros: i64,
    /// Message id of the last.
    #[prost(string, tag = "4")]
    pub last_message: String,
    /// Identifier ids.
    #[prost(bytes = "vec", repeated, tag = "5")]
    pub identifiers: Vec<Vec<u8>>,
    /// Counts by kind.
    #[prost(btree_map = "string, uint64", tag = "6")]
    pub kinds: BTreeMap<String, u64>,
    /// Counts by store.
    #[prost(btree_map = "string, uint64", tag = "7")]
    pub stores: BTreeMap<String, u64>,
    /// Sums by metric.
    #[prost(btree_map = "uint32, sint64", tag = "8")]
    pub sums: BTreeMap<u32, i64>,
    /// Registers by trait.
    #[prost(btree_map = "string, string", tag = "9")]
    pub registers: BTreeMap<String, String>,
}

/// All figures of this group.
///
/// # Errors
/// None; the signature is that of all groups.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let records: Vec<Record> = (0..256).map(record).collect();
    let cores: Vec<Core> = (0..256).map(core).collect();
    let mut figures = with_postcard(plan, "postcard, record with four maps", &records).to_vec();
    figures.extend(with_prost(plan, &records));
    figures.extend(with_postcard(plan, "postcard, profile::Core of 12 touchpoints", &cores));
    Ok(Section { title: "Codec of a state record", note: "The same values each time.".into(), figures })
}

fn with_postcard<T: Serialize + for<'a> Deserialize<'a>>(plan: &Plan, name: &str, values: &[T]) -> [Figure; 2] {
    let encoded: Vec<Vec<u8>> =
        values.iter().map(|value| postcard::to_stdvec(value).expect("it has no limits")).collect();
    let size = mean(&encoded);
    let decode = over(plan, &format!("{name}: decode"), &encoded, |bytes| {
        black_box(postcard::from_bytes::<T>(bytes).expect("encoded above"));
    });
    let encode = over(plan, &format!("{name}: encode"), values, |value| {
        black_box(postcard::to_stdvec(value).expect("it has no limits"));
    });
    [decode.remark(size.clone()), encode.remark(size)]
}

fn with_prost(plan: &Plan, records: &[Record]) -> [Figure; 2] {
    let encoded: Vec<Vec<u8>> = records.iter().map(Message::encode_to_vec).collect();
    let decode = over(plan, "prost, the same record: decode", &encoded, |bytes| {
        black_box(Record::decode(bytes.as_slice()).expect("encoded above"));
    });
    let encode = over(plan, "prost, the same record: encode", records, |record| {
        black_box(record.encode_to_vec());
    });
    [decode.remark(mean(&encoded)), encode.remark(mean(&encoded))]
}

fn mean(encoded: &[Vec<u8>]) -> String {
    format!("{} B", encoded.iter().map(Vec::len).sum::<usize>() / encoded.len())
}

fn record(number: u64) -> Record {
    let counts =
        |prefix: &str, count: u64| (0..count).map(|n| (format!("{prefix}{}", number + n), 1 + n * 7)).collect();
    let texts = |(name, value): (&str, &str)| (name.to_owned(), format!("{value}{number}"));
    Record {
        touchpoints: 12 + number,
        first_micros: sample::occurred_at(0, number).0,
        last_micros: sample::occurred_at(40, number).0,
        last_message: format!("017-{number:012}"),
        identifiers: sample::keys(2, number).iter().map(|key| key.to_vec()).collect(),
        kinds: counts("order_completed_", 5),
        stores: counts("sh-", 3),
        sums: (0..14).map(|metric| (metric, (number as i64 + 3) * 12_345 * i64::from(metric))).collect(),
        registers: [("language", "zh-"), ("city", "Shanghai-"), ("tier", "gold-")].map(texts).into(),
    }
}

fn core(customer: u64) -> Core {
    let (key, mut state) = (sample::hash_key(), State::default());
    for sequence in 0..12 {
        let touchpoint = sample::touchpoint(customer, sequence);
        state.add(&Fact::new(&touchpoint, key.content_hash(&sequence.to_le_bytes())), &key);
    }
    state.core
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_of_the_size_that_is_claimed() {
        let size = postcard::to_stdvec(&record(200)).unwrap().len();
        assert!((250..=600).contains(&size), "{size} bytes");
    }
}
