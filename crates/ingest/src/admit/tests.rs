//! Who gets in and as whom: blocked identifiers, receipts; and that nothing at all panics.

use std::sync::LazyLock;

use proptest::prelude::*;
use prost::Message as _;
use proto::ingest::Reason;
use types::limits::TOUCHPOINT_BYTES_MAX;
use types::record::{Identifier, Order};

use super::*;
use crate::fixtures::{NOW, any_touchpoint, full, identifier, least};

fn admitted(touchpoint: Touchpoint) -> Result<Admitted, Vec<Finding>> {
    admit(touchpoint, NOW, &RULES.0, &RULES.1, &RULES.2)
}

static RULES: LazyLock<(Catalogue, BlockedValues, Normaliser)> = LazyLock::new(Default::default);

fn with(identifiers: &[(&str, &str)], order_id: &str, visit_id: &str) -> Touchpoint {
    Touchpoint {
        identifiers: identifiers.iter().map(|(namespace, value)| identifier(namespace, value)).collect(),
        order: Some(Order { order_id: order_id.into(), ..Order::default() }),
        visit_id: visit_id.into(),
        ..least()
    }
}

#[test]
fn a_good_one_stays_as_it_is() {
    assert_eq!(admitted(full()), Ok(Admitted { touchpoint: full(), notes: vec![] }));
}

#[test]
fn receipts_stand_in_for_nobody() {
    type Pair = (&'static str, &'static str);
    let cases: [(&[Pair], _, _, Pair); 6] = [
        (&[], "o1", "v1", ("receipt", "o1")),
        (&[], "", " v1 ", ("receipt", "v1")),
        (&[("user_id", "guest")], "o1", "", ("receipt", "o1")),
        (&[("email", " ")], "0", "", ("receipt", "0")),
        (&[("user_id", "u1")], "o1", "v1", ("user_id", "u1")),
        (&[("receipt", "null")], "o1", "", ("receipt", "null")),
    ];
    for (identifiers, order_id, visit_id, (namespace, value)) in cases {
        let touchpoint = admitted(with(identifiers, order_id, visit_id)).unwrap().touchpoint;
        assert_eq!(touchpoint.identifiers, [identifier(namespace, value)], "{identifiers:?}");
    }
}

#[test]
fn blocked_ones_are_dropped_and_noted() {
    let sent = with(&[("phone", "0000000"), ("loyalty_card", "c1"), ("Email", "NoReply@shop.eu")], "", "");
    let Admitted { touchpoint, notes } = admitted(sent).unwrap();
    assert_eq!(touchpoint.identifiers, [identifier("loyalty_card", "c1")]);
    let fields: Vec<(Reason, &str)> = notes.iter().map(|note| (note.reason(), note.field.as_str())).collect();
    let blocked = Reason::BlockedIdentifier;
    assert_eq!(fields, [(blocked, "identifiers[0].value"), (blocked, "identifiers[2].value")]);
}

#[test]
fn identifiers_get_their_normal_form_and_what_cannot_be_read_is_noted() {
    let sent = with(&[("phone", "+43 (0)664 123 45 67"), ("loyalty_card", "2620 0012"), ("phone", "ask Ann")], "", "");
    let Admitted { touchpoint, notes } = admitted(sent).unwrap();
    let expected = [("loyalty_card", "26200012"), ("phone", "+436641234567"), ("phone", "ask Ann")];
    assert_eq!(touchpoint.identifiers, expected.map(|(namespace, value)| identifier(namespace, value)));
    let told: Vec<(Reason, &str)> = notes.iter().map(|note| (note.reason(), note.field.as_str())).collect();
    assert_eq!(told, [(Reason::Malformed, "identifiers[2].value")]);
    assert!(!notes[0].description.contains("Ann"), "nothing of a value is shown");
}

#[test]
fn a_filler_is_blocked_as_sent_and_in_its_normal_form() {
    let austria = Normaliser::new(types::normal_form::PhoneRegion::parse("AT").unwrap());
    for value in ["123456789", "0123456789", "+43 123 456 789", "０００００００"] {
        let sent = with(&[("phone", value), ("user_id", "u1")], "", "");
        let admitted = admit(sent, NOW, &RULES.0, &RULES.1, &austria).unwrap();
        assert_eq!(admitted.touchpoint.identifiers, [identifier("user_id", "u1")], "{value}");
    }
}

#[test]
fn nobody_is_refused() {
    let findings = admitted(with(&[], "", "")).unwrap_err();
    assert_eq!((findings[0].reason(), findings[0].field.as_str()), (Reason::NoIdentifier, "identifiers"));
    assert!(findings[0].description.contains("order.order_id or visit_id"));
    let findings = admitted(with(&[("user_id", "null"), ("phone", "")], "", "")).unwrap_err();
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|finding| finding.reason() == Reason::BlockedIdentifier));
}

#[test]
fn equal_facts_have_equal_bytes() {
    let mut other = full();
    other.identifiers.reverse();
    other.identifiers.push(identifier(" EMAIL", "A@B.SHOP "));
    other.items[0].quantity = "2.0".into();
    other.store_id.push(' ');
    other.order.as_mut().unwrap().total.as_mut().unwrap().amount = "12.3".into();
    assert_eq!(admitted(other).unwrap().touchpoint.encode_to_vec(), full().encode_to_vec());
}

/// Any touchpoint with its head put right, so that many get in.
fn likely() -> impl Strategy<Value = Touchpoint> {
    any_touchpoint().prop_map(|touchpoint| Touchpoint {
        items: vec![],
        order: None,
        cost: None,
        score: None,
        duration: None,
        points: 0,
        properties: None,
        traits: None,
        consents: vec![],
        identifiers: touchpoint.identifiers.into_iter().take(16).map(named).collect(),
        campaign: touchpoint.campaign,
        search_query: touchpoint.search_query,
        visit_id: touchpoint.visit_id,
        ..least()
    })
}

fn named(sent: Identifier) -> Identifier {
    let namespace = match sent.namespace.len() % 4 {
        0 => "Email",
        1 => "phone",
        2 => "loyalty_card",
        _ => "device_id",
    };
    identifier(namespace, &sent.value)
}

proptest! {
    #[test]
    fn nothing_panics(touchpoint in any_touchpoint()) {
        match admitted(touchpoint) {
            Err(findings) => prop_assert!(!findings.is_empty()),
            Ok(Admitted { touchpoint, .. }) => prop_assert!(touchpoint.encoded_len() <= 2 * TOUCHPOINT_BYTES_MAX),
        }
    }

    #[test]
    fn what_got_in_gets_in_again_unchanged(touchpoint in likely()) {
        if let Ok(Admitted { touchpoint, .. }) = admitted(touchpoint) {
            let again = admitted(touchpoint.clone()).map(|again| again.touchpoint);
            prop_assert_eq!(again, Ok(touchpoint));
        }
    }
}
