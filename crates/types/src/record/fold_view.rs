//! A touchpoint decoded for the fold: all but `properties`, of which no profile is made.
//!
//! Owns what may be passed over undecoded: only what `Touchpoint::decode` would surely take, so that the same records are refused. Where
//! anything is unusual all of it is read by `Touchpoint::decode`.

use prost::{
    DecodeError, Message,
    encoding::{DecodeContext, WireType, decode_key, decode_varint},
};

use super::{Spare, Touchpoint, view};

const PROPERTIES: u32 = 30;
/// Deeper structures are decoded; prost allows 100 levels of messages.
const DEPTH_MAX: u32 = 16;

impl Touchpoint {
    /// Becomes the touchpoint of these bytes, but for its `properties`, in the memory that it has and in what is spare; what it had and
    /// does not need is spare then.
    ///
    /// # Errors
    /// Those of `decode`; what it is then is not said.
    pub fn decode_for_fold(&mut self, bytes: &[u8], spare: &mut Spare) -> Result<(), DecodeError> {
        self.empty(spare);
        if self.read(bytes, spare)?.is_none() {
            *self = Self::decode(bytes)?;
        }
        self.properties = None;
        Ok(())
    }

    fn empty(&mut self, spare: &mut Spare) {
        self.identifiers.drain(..).for_each(|identifier| spare.keep(identifier));
        self.items.drain(..).for_each(|item| spare.keep(item));
        self.campaign.take().into_iter().for_each(|campaign| spare.keep(campaign));
        self.device.take().into_iter().for_each(|device| spare.keep(device));
        self.order.take().into_iter().for_each(|order| spare.keep(order));
        self.coupon.take().into_iter().for_each(|coupon| spare.keep(coupon));
        self.cost.take().into_iter().for_each(|cost| spare.keep(cost));
        self.clear();
    }

    /// Takes over all fields; `None` where a part is unusual.
    fn read(&mut self, mut bytes: &[u8], spare: &mut Spare) -> Result<Option<()>, DecodeError> {
        while !bytes.is_empty() {
            let (tag, wire_type) = decode_key(&mut bytes)?;
            let usual = match tag {
                4 => spare.push(&mut self.identifiers, wire_type, &mut bytes),
                11 => spare.merge(&mut self.campaign, wire_type, &mut bytes),
                12 => spare.merge(&mut self.device, wire_type, &mut bytes),
                13 => spare.merge(&mut self.order, wire_type, &mut bytes),
                14 => spare.push(&mut self.items, wire_type, &mut bytes),
                15 => spare.merge(&mut self.coupon, wire_type, &mut bytes),
                20 => spare.merge(&mut self.cost, wire_type, &mut bytes),
                PROPERTIES => pass_properties(wire_type, &mut bytes),
                _ => Some(self.merge_field(tag, wire_type, &mut bytes, DecodeContext::default())?),
            };
            if usual.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }
}

/// Passes over properties in which nothing is wrong.
fn pass_properties(wire_type: WireType, bytes: &mut &[u8]) -> Option<()> {
    is_struct(view::slice(wire_type, bytes)?, DEPTH_MAX).then_some(())
}

fn is_struct(mut bytes: &[u8], depth: u32) -> bool {
    all_fields(&mut bytes, |tag, wire_type, bytes| match (tag, wire_type) {
        (1, WireType::LengthDelimited) => is_entry(slice(bytes)?, depth).then_some(()),
        _ => None,
    })
}

fn is_entry(mut bytes: &[u8], depth: u32) -> bool {
    all_fields(&mut bytes, |tag, wire_type, bytes| match (tag, wire_type) {
        (1, WireType::LengthDelimited) => std::str::from_utf8(slice(bytes)?).ok().map(drop),
        (2, WireType::LengthDelimited) => is_value(slice(bytes)?, depth).then_some(()),
        _ => None,
    })
}

fn is_value(mut bytes: &[u8], depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    all_fields(&mut bytes, |tag, wire_type, bytes| match (tag, wire_type) {
        (1 | 4, WireType::Varint) => decode_varint(bytes).ok().map(drop),
        (2, WireType::SixtyFourBit) => bytes.split_off(..8).map(drop),
        (3, WireType::LengthDelimited) => std::str::from_utf8(slice(bytes)?).ok().map(drop),
        (5, WireType::LengthDelimited) => is_struct(slice(bytes)?, depth).then_some(()),
        (6, WireType::LengthDelimited) => is_list(slice(bytes)?, depth).then_some(()),
        _ => None,
    })
}

fn is_list(mut bytes: &[u8], depth: u32) -> bool {
    all_fields(&mut bytes, |tag, wire_type, bytes| match (tag, wire_type) {
        (1, WireType::LengthDelimited) => is_value(slice(bytes)?, depth).then_some(()),
        _ => None,
    })
}

/// Whether `field` takes field after field to the end.
fn all_fields(bytes: &mut &[u8], field: impl Fn(u32, WireType, &mut &[u8]) -> Option<()>) -> bool {
    while !bytes.is_empty() {
        let Ok((tag, wire_type)) = decode_key(bytes) else { return false };
        if field(tag, wire_type, bytes).is_none() {
            return false;
        }
    }
    true
}

fn slice<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(decode_varint(bytes).ok()?).ok()?;
    bytes.split_off(..length)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Campaign, Coupon, Device, Identifier, Item, Money, Order},
        *,
    };
    use proptest::prelude::*;
    use prost_types::{ListValue, Struct, Value, value::Kind};

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(None),
            Just(Some(Kind::NullValue(0))),
            any::<i32>().prop_map(|number| Some(Kind::NumberValue(f64::from(number)))),
            ".{0,3}".prop_map(|text| Some(Kind::StringValue(text))),
            any::<bool>().prop_map(|flag| Some(Kind::BoolValue(flag))),
        ];
        leaf.prop_map(|kind| Value { kind }).prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|values| Value { kind: Some(Kind::ListValue(ListValue { values })) }),
                prop::collection::btree_map(".{0,2}", inner, 0..4)
                    .prop_map(|fields| Value { kind: Some(Kind::StructValue(Struct { fields })) }),
            ]
        })
    }

    fn any_fields() -> impl Strategy<Value = Option<std::collections::BTreeMap<String, Value>>> {
        prop::option::of(prop::collection::btree_map(".{0,3}", any_value(), 0..4))
    }

    fn any_money() -> impl Strategy<Value = Option<Money>> {
        prop::option::of((".{0,3}", ".{0,3}").prop_map(|(amount, currency_code)| Money { amount, currency_code }))
    }

    fn any_order() -> impl Strategy<Value = Option<Order>> {
        let order = (".{0,3}", any_money(), any_money(), any_money(), ".{0,3}").prop_map(
            |(order_id, total, discount, refund, refund_id)| Order { order_id, total, discount, refund, refund_id },
        );
        prop::option::of(order)
    }

    fn any_item() -> impl Strategy<Value = Item> {
        ([".{0,3}", ".{0,3}", ".{0,3}", ".{0,3}", ".{0,200}"], any_money(), any_money()).prop_map(
            |([product_id, name, category, brand, quantity], price, discount)| Item {
                product_id,
                name,
                category,
                brand,
                quantity,
                price,
                discount,
            },
        )
    }

    /// What lies within a touchpoint.
    fn any_parts() -> impl Strategy<Value = Touchpoint> {
        let texts = || prop::option::of([".{0,3}", ".{0,3}", ".{0,3}"]);
        let identifier = (".{0,3}", ".{0,3}").prop_map(|(namespace, value)| Identifier { namespace, value });
        let many = (prop::collection::vec(identifier, 0..4), prop::collection::vec(any_item(), 0..4));
        (many, texts(), texts(), texts(), any_order(), any_money()).prop_map(
            |((identifiers, items), campaign, device, coupon, order, cost)| Touchpoint {
                identifiers,
                items,
                campaign: campaign.map(|[name, source, medium]| Campaign { name, source, medium }),
                device: device.map(|[r#type, os, app_version]| Device { r#type, os, app_version }),
                coupon: coupon.map(|[coupon_id, offer_id, _]| Coupon { coupon_id, offer_id }),
                order,
                cost,
                ..Touchpoint::default()
            },
        )
    }

    fn any_touchpoint() -> impl Strategy<Value = Touchpoint> {
        (".{0,4}", ".{0,4}", any_fields(), any_fields(), any::<i64>(), any_parts()).prop_map(
            |(source, message_id, traits, properties, points, parts)| Touchpoint {
                source,
                message_id,
                points,
                traits: traits.map(|fields| Struct { fields }),
                properties: properties.map(|fields| Struct { fields }),
                ..parts
            },
        )
    }

    fn check(bytes: &[u8], reused: Touchpoint) -> Result<(), TestCaseError> {
        check_with(bytes, reused, &mut Spare::default())
    }

    fn check_with(bytes: &[u8], mut reused: Touchpoint, spare: &mut Spare) -> Result<(), TestCaseError> {
        let expected = Touchpoint::decode(bytes).map(|read| Touchpoint { properties: None, ..read });
        let read = reused.decode_for_fold(bytes, spare).map(|()| reused);
        prop_assert_eq!(read.ok(), expected.ok());
        Ok(())
    }

    /// Breaks one byte, or ends there.
    fn broken(mut bytes: Vec<u8>, at: &prop::sample::Index, byte: u8, cut: bool) -> Vec<u8> {
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if cut {
                bytes.truncate(at);
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn it_is_the_touchpoint_without_properties(first in any_touchpoint(), second in any_touchpoint()) {
            check(&first.encode_to_vec(), second.clone())?;
            check(&[first.encode_to_vec(), second.encode_to_vec()].concat(), first)?;
        }

        #[test]
        fn what_was_read_before_does_not_show(touchpoints in prop::collection::vec(any_touchpoint(), 2..6)) {
            let (mut spare, mut reused) = (Spare::default(), Touchpoint::default());
            for touchpoint in touchpoints {
                reused.decode_for_fold(&touchpoint.encode_to_vec(), &mut spare).unwrap();
                prop_assert_eq!(&reused, &Touchpoint { properties: None, ..touchpoint });
            }
        }

        #[test]
        fn it_refuses_what_decode_refuses(
            touchpoint in any_touchpoint(),
            at: prop::sample::Index,
            byte in prop_oneof![0..64_u8, any::<u8>()],
            cut in prop::bool::weighted(0.2),
        ) {
            let properties = Touchpoint { properties: touchpoint.properties, ..Touchpoint::default() };
            check(&broken(properties.encode_to_vec(), &at, byte, cut), Touchpoint::default())?;
        }

        #[test]
        fn parts_are_refused_as_by_decode(
            before in any_parts(),
            parts in any_parts(),
            at: prop::sample::Index,
            byte in prop_oneof![0..64_u8, any::<u8>()],
            cut in prop::bool::weighted(0.2),
        ) {
            let (mut spare, mut reused) = (Spare::default(), Touchpoint::default());
            reused.decode_for_fold(&before.encode_to_vec(), &mut spare).unwrap();
            check_with(&broken(parts.encode_to_vec(), &at, byte, cut), reused, &mut spare)?;
        }
    }

    #[test]
    fn a_field_of_a_later_version_within_a_part_is_passed_over() {
        // An identifier with a text numbered 9 behind its namespace.
        let bytes = [0x22, 6, 0x0a, 1, b'n', 0x4a, 1, b'x'];
        check(&bytes, Touchpoint::default()).unwrap();
        let mut read = Touchpoint::default();
        read.decode_for_fold(&bytes, &mut Spare::default()).unwrap();
        assert_eq!(read.identifiers, [Identifier { namespace: "n".to_owned(), value: String::new() }]);
    }

    #[test]
    fn deep_properties_are_refused_at_the_same_depth() {
        for depth in [1, 15, 16, 17, 40, 48, 49, 50, 51, 60] {
            let mut value = Value { kind: None };
            for _ in 0..depth {
                value = Value { kind: Some(Kind::ListValue(ListValue { values: vec![value] })) };
            }
            let properties = Some(Struct { fields: [("deep".to_owned(), value)].into() });
            let bytes = Touchpoint { properties, ..Touchpoint::default() }.encode_to_vec();
            check(&bytes, Touchpoint::default()).unwrap();
        }
    }
}
