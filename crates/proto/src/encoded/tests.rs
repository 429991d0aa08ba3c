//! That what goes over the wire is what the typed messages would be, whichever customers and masks.

use proptest::prelude::*;
use prost_types::{Struct, Value, value::Kind};

use super::*;
use crate::{
    customer::{
        Customer, CustomerConsent, CustomerIdentifier, CustomerResult, MetricBreakdown, MetricValue, customer_ref::Ref,
        metric_value,
    },
    mask::ReadMask,
};

fn metric() -> impl Strategy<Value = MetricValue> {
    use metric_value::Value as Shown;
    let flat = prop_oneof![any::<i64>().prop_map(Shown::Count), any::<String>().prop_map(Shown::Text)];
    let flat = flat.prop_map(|value| MetricValue { value: Some(value) }).boxed();
    let entries = prop::collection::btree_map(any::<String>(), flat.clone(), 0..4);
    let deep = entries.prop_map(|entries| MetricValue { value: Some(Shown::Breakdown(MetricBreakdown { entries })) });
    prop_oneof![flat, deep]
}

prop_compose! {
    fn customer()(
        customer_id in any::<String>(),
        held in prop::collection::vec(any::<(String, String, String)>(), 0..4),
        traits in prop::option::of(prop::collection::btree_map(any::<String>(), any::<String>(), 0..4)),
        purposes in prop::collection::vec(any::<String>(), 0..3),
        metrics in prop::collection::btree_map("orders|visits|[a-z]{0,6}", metric(), 0..6),
        touchpoint_count in prop_oneof![Just(0), any::<i64>()],
        seconds in prop::option::of(any::<i64>()),
    ) -> Customer {
        let identifier = |(namespace, value, identifier_id)| CustomerIdentifier {
            identifier: Some(types::record::Identifier { namespace, value }),
            identifier_id,
            first_seen_at: None,
        };
        let text = |text| Value { kind: Some(Kind::StringValue(text)) };
        Customer {
            customer_id,
            identifiers: held.into_iter().map(identifier).collect(),
            traits: traits.map(|traits| Struct { fields: traits.into_iter().map(|(name, value)| (name, text(value))).collect() }),
            consents: purposes.into_iter().map(|purpose| CustomerConsent { purpose, status: 1, decided_at: None }).collect(),
            metrics,
            touchpoint_count,
            first_touchpoint_at: seconds.map(|seconds| Timestamp { seconds, nanos: 7 }),
            ..Customer::default()
        }
    }
}

fn mask() -> impl Strategy<Value = ReadMask> {
    let path = prop::sample::select(vec!["*", "customer_id", "metrics", "metrics.orders", "traits", "identifiers"]);
    prop::collection::vec(path, 0..4).prop_map(|paths| {
        let paths = paths.into_iter().map(str::to_owned).collect();
        ReadMask::new::<Customer>(Some(&FieldMask { paths })).unwrap()
    })
}

fn applied() -> impl Strategy<Value = Vec<AppliedOffset>> {
    let offset = any::<(u32, u64)>().prop_map(|(partition, next_offset)| AppliedOffset { partition, next_offset });
    prop::collection::vec(offset, 0..4)
}

fn encoded(customer: &Option<Customer>) -> Option<Bytes> {
    customer.as_ref().map(|customer| customer.encode_to_vec().into())
}

proptest! {
    #[test]
    fn answers_are_byte_for_byte_the_typed_ones(
        customers in prop::collection::vec(prop::option::weighted(0.8, customer()), 0..5),
        mask in mask(),
        applied in applied(),
    ) {
        let customers: Vec<Option<Customer>> =
            customers.into_iter().map(|customer| customer.map(|customer| mask.apply(customer))).collect();
        for customer in &customers {
            let typed = customer::GetCustomerResponse { customer: customer.clone(), applied: applied.clone() };
            let raw = GetCustomerResponse { customer: encoded(customer), applied: applied.clone() };
            prop_assert_eq!(typed.encode_to_vec(), raw.encode_to_vec());
        }
        let mut raw = BatchGetCustomersResponse::with_room(0, 0, applied.clone());
        customers.iter().for_each(|customer| raw.push(encoded(customer).as_deref()));
        let results = customers.into_iter().map(|customer| CustomerResult { customer }).collect();
        let typed = customer::BatchGetCustomersResponse { results, applied }.encode_to_vec();
        prop_assert_eq!(&typed, &raw.encode_to_vec());
        prop_assert_eq!(BatchGetCustomersResponse::decode(typed.as_slice()).unwrap(), raw);
    }

    #[test]
    fn requests_say_the_same(
        ids in prop::collection::vec(any::<String>(), 0..3),
        paths in prop::option::of(prop::collection::vec(any::<String>(), 0..3)),
        offset in prop::option::of(any::<u64>()),
        seconds in prop::option::of(any::<i64>()),
    ) {
        let instant = seconds.map(|seconds| Timestamp { seconds, nanos: 1 });
        let customers: Vec<_> = ids.into_iter().map(|id| CustomerRef { r#ref: Some(Ref::CustomerId(id)) }).collect();
        let read_mask = paths.map(|paths| FieldMask { paths });
        let min_position: Vec<_> = offset.map(|offset| Position { partition: 1, offset }).into_iter().collect();
        let one = customer::GetCustomerRequest {
            customer: customers.first().cloned(),
            read_mask: read_mask.clone(),
            min_position: min_position.clone(),
            as_of: instant,
            known_at: instant,
        };
        let raw = GetCustomerRequest::decode(one.encode_to_vec().as_slice()).unwrap();
        prop_assert_eq!(raw.encode_to_vec(), one.encode_to_vec());
        prop_assert_eq!(field_mask(&whole(&raw.read_mask)).unwrap(), read_mask.clone().unwrap_or_default());
        let many = customer::BatchGetCustomersRequest { customers, read_mask, min_position };
        let raw = BatchGetCustomersRequest::decode(many.encode_to_vec().as_slice()).unwrap();
        prop_assert_eq!(raw.encode_to_vec(), many.encode_to_vec());
        for (raw, typed) in raw.customers.iter().zip(many.customers) {
            prop_assert_eq!(identifier(raw), None);
            prop_assert_eq!(customer_ref(raw, "who").unwrap(), typed);
        }
    }

    #[test]
    fn who_is_asked_for_is_read_where_it_lies_as_it_is_decoded(
        namespace in ".{0,6}|x{100,150}",
        value in ".{0,40}",
        cut in 0_usize..60,
        put in prop::option::of((0_usize..60, any::<u8>())),
    ) {
        let asked = types::record::Identifier { namespace, value };
        let mut bytes = CustomerRef { r#ref: Some(Ref::Identifier(asked.clone())) }.encode_to_vec();
        let short = bytes.len() < 130 && !asked.namespace.is_empty() && !asked.value.is_empty();
        prop_assert_eq!(identifier(&bytes).is_some(), short);
        if let Some((at, byte)) = put && let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        for bytes in [&bytes, bytes.get(..cut).unwrap_or(&bytes)] {
            let typed = CustomerRef::decode(bytes);
            if let Some((namespace, value)) = identifier(bytes) {
                let read = types::record::Identifier { namespace: namespace.to_owned(), value: value.to_owned() };
                prop_assert_eq!(typed.as_ref().unwrap(), &CustomerRef { r#ref: Some(Ref::Identifier(read)) });
            }
            prop_assert_eq!(customer_ref(bytes, "who").ok(), typed.ok());
        }
    }
}

/// Of what is said twice the last counts, within an identifier and around it.
#[test]
fn who_is_named_twice_is_not_read_at_sight() {
    let asked = |value: &str| types::record::Identifier { namespace: "user_id".to_owned(), value: value.to_owned() };
    let named = |who: Ref| CustomerRef { r#ref: Some(who) }.encode_to_vec();
    let ann = named(Ref::Identifier(asked("ann")));
    assert_eq!(identifier(&ann), Some(("user_id", "ann")));
    let by_id = named(Ref::CustomerId("x".to_owned()));
    assert_eq!(identifier(&[ann.as_slice(), &by_id].concat()), None);
    let twice = [asked("ann").encode_to_vec(), asked("bob").encode_to_vec()].concat();
    let mut bytes = Vec::new();
    encoding::bytes::encode(1, &twice, &mut bytes);
    assert_eq!(identifier(&bytes), None);
    let typed = customer_ref(&bytes, "who").unwrap();
    assert_eq!(typed.r#ref, Some(Ref::Identifier(asked("bob"))));
}

#[test]
fn somebody_who_cannot_be_read_is_named() {
    let status = customer_ref(b"\x0a\x04\x12\x02\xff\xfe", "customers[3]").unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    let message = status.message();
    assert!(message.starts_with("customers[3].ref.value cannot be read: invalid string"), "{message}");
}

#[test]
fn a_mask_in_pieces_is_one_mask() {
    let piece = |path: &str| Bytes::from(FieldMask { paths: vec![path.to_owned()] }.encode_to_vec());
    let read_mask = vec![piece("traits"), piece("metrics")];
    let pieces = GetCustomerRequest { read_mask, ..GetCustomerRequest::default() }.encode_to_vec();
    let typed = customer::GetCustomerRequest::decode(pieces.as_slice()).unwrap().read_mask.unwrap();
    let raw = GetCustomerRequest::decode(pieces.as_slice()).unwrap();
    assert_eq!(field_mask(&whole(&raw.read_mask)).unwrap(), typed);
    assert_eq!(typed.paths, ["traits", "metrics"]);
}

#[test]
fn a_mask_that_cannot_be_read_is_named() {
    let status = field_mask(&Bytes::from_static(b"\x0a\x02\xff\xfe")).unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().starts_with("read_mask.paths cannot be read: invalid string"), "{}", status.message());
    assert!(!status.details().is_empty());
}
