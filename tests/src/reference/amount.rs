//! Exact numbers as whole counts of 10^-12, and sums of money by currency.

use std::collections::BTreeMap;

use types::record::Money;

/// One whole, in 10^-12.
pub(super) const ONE: i128 = 1_000_000_000_000;

/// Sums by currency.
pub(super) type Amounts = BTreeMap<String, i128>;

/// Reads a decimal text; the empty text is one.
pub(super) fn decimal(text: &str) -> i128 {
    if text.is_empty() {
        return ONE;
    }
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |text: &str| text.parse::<i128>().expect("digits");
    sign * (number(whole) * ONE + number(&format!("{part:0<12}")))
}

/// An amount, if there is one.
pub(super) fn money(money: Option<&Money>) -> Option<Amounts> {
    money.map(|money| Amounts::from([(money.currency_code.clone(), decimal(&money.amount))]))
}

/// Adds so many times (1 or −1) what another has.
pub(super) fn add(sums: &mut Amounts, sign: i128, more: &Amounts) {
    for (currency, amount) in more {
        *sums.entry(currency.clone()).or_default() += sign * amount;
    }
}

/// Division, rounded half to even.
pub(super) fn divided(number: i128, count: i128) -> i128 {
    let (low, rest) = (number.div_euclid(count), number.rem_euclid(count));
    match (rest * 2).cmp(&count) {
        std::cmp::Ordering::Less => low,
        std::cmp::Ordering::Greater => low + 1,
        std::cmp::Ordering::Equal => low + low.rem_euclid(2),
    }
}

/// `EUR 5 USD 7`.
pub(super) fn text(sums: &Amounts) -> String {
    sums.iter().map(|(currency, sum)| format!("{currency} {sum}")).collect::<Vec<_>>().join(" ")
}
