//! `orders`: (fragment id, order key) → what this fragment's touchpoints say of the order.

use profile::OrderFacts;
use types::{FragmentId, OrderKey};

use super::{Family, from_postcard, pair, split_pair, write_postcard, written};

/// The family of orders of fragments.
#[derive(Debug)]
pub struct Orders;

impl Family for Orders {
    const NAME: &'static str = "orders";
    const PREFIX_BYTES: usize = 16;
    type Key = (FragmentId, OrderKey);
    type Value = OrderFacts;

    fn encode_key((fragment, order): &Self::Key) -> Vec<u8> {
        pair(&fragment.0, &order.0).to_vec()
    }

    fn write_key((fragment, order): &Self::Key, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&pair(&fragment.0, &order.0));
    }

    fn decode_key(bytes: &[u8]) -> Option<Self::Key> {
        split_pair(bytes).map(|(fragment, order)| (FragmentId(fragment), OrderKey(order)))
    }

    fn encode_value(value: &OrderFacts) -> Vec<u8> {
        written(|bytes| Self::write_value(value, bytes))
    }

    fn write_value(value: &Self::Value, bytes: &mut Vec<u8>) {
        write_postcard(value, bytes);
    }

    fn decode_value(bytes: &[u8]) -> Result<OrderFacts, String> {
        from_postcard(bytes)
    }
}
