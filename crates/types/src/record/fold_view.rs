//! A touchpoint decoded for the fold: all but `properties`, of which no profile is made.
//!
//! Owns what may be passed over undecoded: only what `Touchpoint::decode` would surely take, so that the same records are refused.

use prost::{
    DecodeError, Message,
    encoding::{DecodeContext, WireType, decode_key, decode_varint},
};

use super::Touchpoint;

const PROPERTIES: u32 = 30;
/// Deeper structures are decoded; prost allows 100 levels of messages.
const DEPTH_MAX: u32 = 16;

impl Touchpoint {
    /// Becomes the touchpoint of these bytes, but for its `properties`, in the memory that it has.
    ///
    /// # Errors
    /// Those of `decode`; what it is then is not said.
    pub fn decode_for_fold(&mut self, mut bytes: &[u8]) -> Result<(), DecodeError> {
        self.clear();
        while !bytes.is_empty() {
            let (tag, wire_type) = decode_key(&mut bytes)?;
            match properties_passed(tag, wire_type, bytes) {
                Some(rest) => bytes = rest,
                None => self.merge_field(tag, wire_type, &mut bytes, DecodeContext::default())?,
            }
        }
        self.properties = None;
        Ok(())
    }
}

/// What follows the properties, if it is these and nothing is wrong with them.
fn properties_passed(tag: u32, wire_type: WireType, mut bytes: &[u8]) -> Option<&[u8]> {
    if tag != PROPERTIES || wire_type != WireType::LengthDelimited {
        return None;
    }
    let properties = slice(&mut bytes)?;
    is_struct(properties, DEPTH_MAX).then_some(bytes)
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
    use super::*;
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

    fn any_touchpoint() -> impl Strategy<Value = Touchpoint> {
        (".{0,4}", ".{0,4}", any_fields(), any_fields(), any::<i64>()).prop_map(
            |(source, message_id, traits, properties, points)| Touchpoint {
                source,
                message_id,
                points,
                traits: traits.map(|fields| Struct { fields }),
                properties: properties.map(|fields| Struct { fields }),
                ..Touchpoint::default()
            },
        )
    }

    fn check(bytes: &[u8], mut reused: Touchpoint) -> Result<(), TestCaseError> {
        let expected = Touchpoint::decode(bytes).map(|read| Touchpoint { properties: None, ..read });
        let read = reused.decode_for_fold(bytes).map(|()| reused);
        prop_assert_eq!(read.ok(), expected.ok());
        Ok(())
    }

    proptest! {
        #[test]
        fn it_is_the_touchpoint_without_properties(first in any_touchpoint(), second in any_touchpoint()) {
            check(&first.encode_to_vec(), second.clone())?;
            check(&[first.encode_to_vec(), second.encode_to_vec()].concat(), first)?;
        }

        #[test]
        fn it_refuses_what_decode_refuses(
            touchpoint in any_touchpoint(),
            at: prop::sample::Index,
            byte in prop_oneof![0..64_u8, any::<u8>()],
            cut in prop::bool::weighted(0.2),
        ) {
            let properties = Touchpoint { properties: touchpoint.properties, ..Touchpoint::default() };
            let mut bytes = properties.encode_to_vec();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                if cut {
                    bytes.truncate(at);
                }
            }
            check(&bytes, Touchpoint::default())?;
        }
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
