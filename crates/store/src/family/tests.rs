//! Every key kind reads back what it wrote, keeps the order of its keys, and refuses bytes of another form.

use std::sync::Arc;

use definition::{About, Body, Kind};
use profile::{Core, MonthActivity, OrderFacts};
use proptest::prelude::*;
use segment::Facets;
use types::record::StoreReference;
use types::{ContentHash, CopyKey, FragmentId, Identifier, IdentifierId, Micros, OrderKey, time::Month};

use super::{
    copies::CopyRow,
    definition_sets::{DefinitionProgressRow, SetRow},
    definitions::{VersionKey, VersionRow},
    fragments::FragmentRow,
    shards::ShardRow,
    timeline::{TimelineKey, TimelineRow},
    touched::{Touch, Toucher},
    *,
};
use crate::manifest::FORMAT_VERSION;
use crate::manifest::Manifest;

fn round_trip<F: Family>(key: F::Key, value: F::Value)
where
    F::Key: PartialEq + std::fmt::Debug,
    F::Value: PartialEq + std::fmt::Debug,
{
    let (key_bytes, value_bytes) = (F::encode_key(&key), F::encode_value(&value));
    let (key_read, value_read) = F::decode(&key_bytes, &value_bytes).unwrap();
    let (mut key_behind, mut value_behind) = (vec![1, 2], vec![3]);
    F::write_key(&key, &mut key_behind);
    F::write_value(&value, &mut value_behind);
    assert_eq!((&key_behind[2..], &value_behind[1..]), (key_bytes.as_slice(), value_bytes.as_slice()));
    assert_eq!((key_read, value_read), (key, value));
    assert!(F::decode_key(&[key_bytes, vec![0]].concat()).is_none(), "{} took a longer key", F::NAME);
}

proptest! {
    #[test]
    fn rows_read_back(hash: [u8; 16], other: [u8; 16], time: i64, number: u64, month: i32, bytes: Vec<u8>) {
        let (fragment, copy, content) = (FragmentId(hash), CopyKey(other), ContentHash(hash));
        let row = TimelineRow { partition: 7, offset: number, envelope: bytes };
        round_trip::<Timeline>(TimelineKey { fragment, occurred_at: Micros(time), copy }, row.clone());
        round_trip::<Conflicts>((copy, content), row.clone());
        round_trip::<Decisions>((IdentifierId(hash), content), row);
        round_trip::<Copies>(copy, CopyRow { fragment, occurred_at: Micros(time), content, received_at: Micros(!time) });
        round_trip::<Months>((fragment, Month(month)), MonthActivity::default());
        round_trip::<Orders>((fragment, OrderKey(other)), OrderFacts::default());
        round_trip::<Incidence>((IdentifierId(hash), FragmentId(other)), ());
        let key = VersionKey { kind: Kind::Store, name: format!("store {number}"), number: number as u32 };
        let about = Arc::new(About { set_id: "s".into(), offset: number, received_at: Micros(time), ..About::default() });
        let body = StoreReference { region: "north".into(), ..StoreReference::default() };
        round_trip::<Definitions>(key.clone(), VersionRow { body: Some(Body::Store(body)), about: Arc::clone(&about) });
        round_trip::<Definitions>(key, VersionRow { body: None, about });
        round_trip::<DefinitionSets>(number, SetRow { void: Some("why".into()), versions: number, ..SetRow::default() });
        round_trip::<DefinitionSetIds>(content, number);
        round_trip::<DefinitionProgress>((), DefinitionProgressRow { applied: number, ..DefinitionProgressRow::default() });
        round_trip::<Shards>(3, ShardRow { applied: number, newest_occurred_at: Some(Micros(time)), ..ShardRow::default() });
        let identifiers = vec![Identifier::new("email", "a@b.c")];
        round_trip::<Fragments>(fragment, FragmentRow { identifiers, core: Core { touchpoints: number, ..Core::default() }, lost: None });
        let by = Toucher { evidence: time > 0, decision: month > 0, offset: number, partition: month as u32 };
        let touch = Touch { by, facets: Facets(number.rotate_left(7)), since: Micros(time) };
        round_trip::<Touched>((number, IdentifierId(hash)), touch);
        round_trip::<Losers>((fragment, copy, content), ());
        round_trip::<Manifests>((), Manifest {
            format_version: FORMAT_VERSION,
            partitions: 4,
            rules: "r".into(),
            ..Manifest::default()
        });
    }

    #[test]
    fn timelines_lie_in_the_order_of_time(left: i64, right: i64) {
        let key = |time| Timeline::encode_key(&TimelineKey { fragment: FragmentId([1; 16]), occurred_at: Micros(time), copy: CopyKey([2; 16]) });
        prop_assert_eq!(key(left).cmp(&key(right)), left.cmp(&right));
        let month = |number| Months::encode_key(&(FragmentId([1; 16]), Month(number)));
        let (left, right) = (left as i32, right as i32);
        prop_assert_eq!(month(left).cmp(&month(right)), left.cmp(&right));
    }

    #[test]
    fn foreign_bytes_are_refused_without_panic(bytes: Vec<u8>) {
        let _ = Fragments::decode_value(&bytes);
        let _ = Orders::decode_value(&bytes);
        let _ = Months::decode_value(&bytes);
        prop_assert_eq!(Copies::decode_value(&bytes).is_ok(), bytes.len() == 48);
        prop_assert_eq!(Timeline::decode_value(&bytes).is_ok(), bytes.len() >= 12);
    }
}
