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
        ("email", "test2@test.io"),
        ("email", "No-Reply@shop.eu"),
        ("email", "donotreply@shop.eu"),
        ("email", "anonymous@shop.eu"),
        ("user_id", "'undefined'"),
        ("user_id", "\"\""),
        ("user_id", "$device:7d444840-9dc0-41d1-b245-5ffdce74fad2"),
        ("user_id", "not_authenticated"),
        ("device_id", "9774D56D682E549C"),
        ("phone", "+43123456789"),
        ("phone", "+4301111111111"),
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
        ("phone", "+4315550100"),
        ("email", "contest@test-drive.eu"),
        ("email", "ann.noreply@shop.eu"),
        ("device_id", "$device:1"),
        ("user_id", "nullmann"),
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

#[test]
fn patterns_extend_the_list() {
    let more = [("loyalty_card".to_owned(), vec![r"9999\d{8}".to_owned(), "kiosk|TILL".to_owned()])];
    let blocked = BlockedValues::standard().extended_with_patterns(&more.into()).unwrap();
    for (value, expected) in
        [("999912345678", true), ("Kiosk", true), ("till", true), ("x999912345678", false), ("9999123456789", false)]
    {
        assert_eq!(blocked.blocks("loyalty_card", value), expected, "{value}");
    }
    assert!(!blocked.blocks("user_id", "kiosk"));
}

#[test]
fn refused_patterns_are_told_with_their_place() {
    let long = "a".repeat(2_000);
    for (namespace, pattern, told) in [
        ("email", "till(", "email: pattern `till(`, character 5"),
        ("email", "ü[z-a]", "character 3"),
        ("*", "a)|(b", "character 2"),
        ("*", ".*", "every value"),
        ("*", r"[\s\S]+", "every value"),
        ("*", "(?:a{1000}){1000}", "repeat less"),
        ("*", "(?=a)b", "look-around"),
        ("*", long.as_str(), "2000 bytes"),
        ("receipt", "a", "receipts"),
        ("E-Mail", "a", "no namespace"),
    ] {
        let more = BTreeMap::from([(namespace.to_owned(), vec![pattern.to_owned()])]);
        let problem = BlockedValues::standard().extended_with_patterns(&more).unwrap_err();
        assert!(problem.contains(told), "{pattern}: {problem}");
    }
}

/// A machine that goes back would try 2^30 ways here.
#[test]
fn patterns_that_hang_elsewhere_answer() {
    let more = [("*".to_owned(), vec!["(a+)+b".to_owned(), "(a|a|aa)*c".to_owned(), "(x+x+)+y".to_owned()])];
    let blocked = BlockedValues::nothing().extended_with_patterns(&more.into()).unwrap();
    assert!(!blocked.blocks("user_id", &"a".repeat(100_000)));
    assert!(!blocked.blocks("user_id", &"x".repeat(100_000)));
    assert!(blocked.blocks("user_id", &format!("{}b", "a".repeat(1_000))));
}
