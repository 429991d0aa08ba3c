//! What the list blocks and what it must not.

use super::*;

#[test]
fn blocked_by_default() {
    let blocked = BlockedValues::standard();
    for (namespace, value) in [
        ("user_id", ""),
        ("user_id", "NULL"),
        ("user_id", " Guest "),
        ("user_id", "0"),
        ("user_id", "-1"),
        ("user_id", "[object Object]"),
        ("device_id", "00000000-0000-0000-0000-000000000000"),
        ("device_id", "00:00:00:00:00:00"),
        ("device_id", "02:00:00:00:00:00"),
        ("phone", "+000 000 000"),
        ("phone", "123456789"),
        ("phone", "1111111111"),
        ("email", "Test@Test.com"),
        ("email", "noreply@shop.example"),
        ("email", "jane@example.com"),
    ] {
        assert!(blocked.blocks(namespace, value), "{namespace}:{value}");
    }
}

#[test]
fn not_blocked() {
    let blocked = BlockedValues::standard();
    for (namespace, value) in [
        ("user_id", "1"),
        ("user_id", "jane@example.com"),
        ("loyalty_card", "1111111111"),
        ("email", "jane@test.shop"),
        ("phone", "+4366012345678"),
        ("receipt", "0"),
        ("receipt", "null"),
    ] {
        assert!(!blocked.blocks(namespace, value), "{namespace}:{value}");
    }
}

#[test]
fn configuration_extends_the_list() {
    let more = [("*".to_owned(), vec!["Kiosk".to_owned()]), ("email".to_owned(), vec!["*@shop.test".to_owned()])];
    let blocked = BlockedValues::standard().extended_with(&more.into()).unwrap();
    assert!(blocked.blocks("user_id", "kiosk") && blocked.blocks("email", "till7@SHOP.test"));
    assert!(!blocked.blocks("user_id", "till7@shop.test"));
}

#[test]
fn refused_configuration() {
    for (namespace, value) in [("E-Mail", "x"), ("receipt", "x"), ("*", "*"), ("*", "a*b"), ("*", "**")] {
        let more = BTreeMap::from([(namespace.to_owned(), vec![value.to_owned()])]);
        assert!(BlockedValues::standard().extended_with(&more).is_err(), "{namespace} {value}");
    }
}
