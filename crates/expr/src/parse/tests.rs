//! What is read, what is refused and where, and that hostile texts end.

use super::*;

#[test]
fn one_text_for_all_spellings() {
    let canonical = |source: &str| parse(source).unwrap().to_string();
    let spaced = canonical("  ( traits.city=='Shanghai' )&& touchpoints( \"a\" ).within('90d').count()>=3 // why\n");
    assert_eq!(spaced, "(traits.city == \"Shanghai\") && (touchpoints(\"a\").within(\"90d\").count() >= 3)");
    assert_eq!(canonical(&spaced), spaced);
    assert_eq!(canonical("!(a in ['x', 1.50]) ? -b : m['k']"), "!(a in [\"x\", 1.5]) ? -b : m[\"k\"]");
}

#[test]
fn errors_have_a_place() {
    let refused = |source: &str| parse(source).unwrap_err();
    assert_eq!(refused("traits.city ==").at, 14);
    assert_eq!(refused("a &&\n b ** c").place("a &&\n b ** c"), (2, 5));
    assert!(refused("").message.contains("empty"));
    assert!(refused("'日本' == null").message.contains("has(traits"));
    assert_eq!(refused("'日本' == null").at, 8);
    assert!(refused("list.exists(x, x == 1)").message.contains("count() > 0"));
    assert!(refused("{'a': 1}").message.contains("maps"));
    assert!(refused("a.b{c: 1}").message.contains("messages"));
    assert!(refused("1234567890123456789 == a").message.contains("10^15"));
}

#[test]
fn hostile_texts_are_refused_and_end() {
    let hostile = [
        "(".repeat(4_000),
        "[".repeat(33) + &"]".repeat(33),
        "!".repeat(4_000) + "a",
        "-".repeat(4_000) + "1",
        "a?".repeat(1_300) + "b",
        format!("a{}", ".b".repeat(2_000)),
        format!("1{}", "+1".repeat(2_000)),
        format!("a{}", "&&a".repeat(1_300)),
        "a".repeat(5_000),
        "\"".repeat(4_000),
        "\\".repeat(4_000),
        "'\\".repeat(2_000),
        "f(".repeat(40) + &")".repeat(40),
        "\u{0}\u{202e}\u{feff}".to_owned(),
    ];
    for text in hostile {
        assert!(parse(&text).is_err(), "{}", text.chars().take(20).collect::<String>());
    }
}

#[test]
fn what_is_just_within_the_bounds_is_read() {
    parse(&("(".repeat(30) + "a" + &")".repeat(30))).unwrap();
    parse(&format!("a{}", ".b".repeat(250))).unwrap();
    parse(&format!("1{}", "+1".repeat(250))).unwrap();
    parse(&format!("a{}", "||a".repeat(120))).unwrap();
    parse(&format!("a in [{}]", "'x',".repeat(900) + "'y'")).unwrap();
    assert!(parse(&format!("a in [{}]", "1,".repeat(1_100) + "2")).unwrap_err().message.contains("parts"));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[a-z0-9(){}\\[\\].,!?:'\"\\\\+*/<>=&| \n\u{80}-\u{2fff}]{0,60}") {
        drop(parse(&text));
    }
}
