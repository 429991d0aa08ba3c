//! Money: currencies of ISO 4217, and sums kept apart by currency.
//!
//! Never converts one currency into another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Decimal, ExactSum, record};

/// An ISO 4217 code in upper-case letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Reads a code; case does not matter.
    ///
    /// # Errors
    /// Says in words that ISO 4217 has no such code.
    pub fn parse(text: &str) -> Result<Self, String> {
        match <[u8; 3]>::try_from(text.as_bytes()).map(|code| Self(code.map(|letter| letter.to_ascii_uppercase()))) {
            Ok(currency) if currency.is_known() => Ok(currency),
            _ => Err(format!("`{}` is no currency of ISO 4217 such as EUR", text.chars().take(12).collect::<String>())),
        }
    }

    fn is_known(&self) -> bool {
        std::str::from_utf8(&self.0).is_ok_and(|code| iso_currency::Currency::from_code(code).is_some())
    }

    /// The code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("made from ASCII letters")
    }

    /// Decimals of the minor unit, e.g. 2 for EUR, 0 for JPY; 2 where ISO 4217 names none.
    pub fn minor_unit_places(self) -> u32 {
        iso_currency::Currency::from_code(self.code()).and_then(|currency| currency.exponent()).map_or(2, u32::from)
    }
}

/// An amount as journal records write it, read exactly.
///
/// # Errors
/// Says in words what is wrong with the amount or the currency.
pub fn read(money: &record::Money) -> Result<(Currency, Decimal), String> {
    Ok((Currency::parse(&money.currency_code)?, Decimal::parse(&money.amount)?))
}

/// Exact sums, one a currency. Empty and all-zero sums are kept apart from each other: a currency once seen stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts(pub BTreeMap<Currency, ExactSum>);

impl Amounts {
    /// Nothing in any currency.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an amount.
    pub fn add(&mut self, currency: Currency, amount: ExactSum) {
        let sum = self.0.entry(currency).or_default();
        *sum = sum.plus(amount);
    }

    /// Adds all of `other`.
    pub fn add_all(&mut self, other: &Self) {
        for (currency, amount) in &other.0 {
            self.add(*currency, *amount);
        }
    }

    /// Takes all of `other` away.
    pub fn subtract_all(&mut self, other: &Self) {
        for (currency, amount) in &other.0 {
            self.add(*currency, ExactSum(0).minus(*amount));
        }
    }

    /// The amounts as record messages, in the codes' order, rounded half-even to the minor unit.
    pub fn to_proto(&self) -> Vec<record::Money> {
        let shown = |(currency, sum): (&Currency, &ExactSum)| record::Money {
            amount: sum.round_to_text(currency.minor_unit_places()),
            currency_code: currency.code().to_owned(),
        };
        self.0.iter().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies() {
        assert_eq!(Currency::parse("eur").unwrap().code(), "EUR");
        assert_eq!(Currency::parse("JPY").unwrap().minor_unit_places(), 0);
        assert_eq!(Currency::parse("KWD").unwrap().minor_unit_places(), 3);
        for bad in ["", "EU", "EURO", "ZZZ", "€", "ÄÖÜ"] {
            assert!(Currency::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_sum_of_thirds_of_a_cent_is_rounded_once() {
        let (currency, price) = read(&record::Money { amount: "0.001".into(), currency_code: "GBP".into() }).unwrap();
        let mut sum = Amounts::default();
        for _ in 0..15 {
            sum.add(currency, price.into());
        }
        assert_eq!(sum.to_proto()[0].amount, "0.02");
    }
}
