//! Numbers: exact from the JSON text on, whatever their form.

use proptest::prelude::*;
use types::Decimal;

use super::super::number::{double, id, plain};
use super::*;

#[test]
fn exponents_are_written_out() {
    let zeros = "0".repeat(61);
    for (number, text) in [
        ("12.30", Some("12.30".to_owned())),
        ("-0", Some("-0".to_owned())),
        ("1e3", Some("1000".to_owned())),
        ("1.5E-3", Some("0.0015".to_owned())),
        ("-12.50e1", Some("-125".to_owned())),
        ("1234e-2", Some("12.34".to_owned())),
        ("-0.0e5", Some("0".to_owned())),
        ("100e-2", Some("1".to_owned())),
        ("1e+2", Some("100".to_owned())),
        ("1e63", Some(format!("1{}", "0".repeat(63)))),
        ("1e64", None),
        ("1e-64", None),
        ("12e-62", Some(format!("0.{}12", &zeros[1..]))),
        ("1e99999999999999999999", None),
        ("1e-9223372036854775808", None),
    ] {
        assert_eq!(plain(number), text, "{number}");
    }
}

#[test]
fn whole_numbers_are_one_id_in_every_language() {
    for (number, text) in
        [("4711", "4711"), ("4711.0", "4711"), ("4.711e3", "4711"), ("4711.50", "4711.50"), ("0", "0")]
    {
        assert_eq!(id(number).as_deref(), Some(text), "{number}");
    }
    assert_eq!(id("12345678901234567890").as_deref(), Some("12345678901234567890"));
}

#[test]
fn a_double_holds_a_number_or_it_stays_a_text() {
    for (number, held) in
        [("0.1", 0.1), ("23.80", 23.8), ("1e3", 1000.0), ("-0.0", 0.0), ("9007199254740992", 2_f64.powi(53))]
    {
        assert_eq!(double(number), Some(held), "{number}");
    }
    for number in ["9007199254740993", "0.12345678901234567890", "1e400", "-1e400", "1e-400"] {
        assert_eq!(double(number), None, "{number}");
    }
    let touchpoint = read_ok(&track("Quiz Finished", r#"{"exact": 12345678901234567890, "half": 0.50}"#));
    assert_eq!(kept(&touchpoint), [r#"exact "12345678901234567890""#, "half 0.5"]);
}

fn total_of(number: &str) -> String {
    let properties = format!(r#"{{"order_id": "A", "currency": "EUR", "total": {number}}}"#);
    tracked("Order Completed", &properties).order.unwrap().total.unwrap().amount
}

#[test]
fn amounts_that_no_double_holds() {
    for (number, amount) in [
        ("0.1", "0.10"),
        ("999999999999.999999", "999999999999.999999"),
        ("\"999999999999.999999\"", "999999999999.999999"),
        ("\" +19.99 \"", "19.99"),
        ("1.1e-5", "0.000011"),
        ("2.5E2", "250.00"),
    ] {
        assert_eq!(total_of(number), amount);
    }
}

proptest! {
    #[test]
    fn an_amount_is_the_text_that_was_sent(millionths in -999_999_999_999_999_999_i64..=999_999_999_999_999_999, places in 0_usize..=6) {
        let text = Decimal(millionths).to_text(places);
        prop_assert_eq!(Decimal::parse(&total_of(&text)).unwrap(), Decimal(millionths));
        prop_assert_eq!(Decimal::parse(&total_of(&format!("\"{text}\""))).unwrap(), Decimal(millionths));
    }

    #[test]
    fn an_exponent_only_moves_the_point(digits in 1_i64..1_000_000, exponent in -6_i64..=5) {
        let power = 10_i64.pow(u32::try_from(exponent + 6).unwrap());
        let (whole, fraction) = (digits / 1000, digits % 1000);
        // digits = mantissa × 1000
        let sent = format!("{whole}.{fraction:03}e{}", exponent + 3);
        prop_assert_eq!(Decimal::parse(&total_of(&sent)).unwrap(), Decimal(digits * power));
    }

    #[test]
    fn a_short_number_is_held(millionths in -9_999_999_999_999_i64..=9_999_999_999_999, places in 0_usize..=6) {
        let text = Decimal(millionths).to_text(places);
        let held = double(&text).unwrap().to_string();
        prop_assert_eq!(Decimal::parse(&held).unwrap(), Decimal(millionths));
    }

    #[test]
    fn what_a_double_holds_reads_back(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
        prop_assert_eq!(double(&format!("{number:e}")), Some(number));
        prop_assert_eq!(double(&number.to_string()), Some(number));
    }
}
