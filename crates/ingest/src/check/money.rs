//! Checks of money: exact amounts, real currencies, one currency for an order and its items.

use std::fmt::Arguments;

use proto::ingest::Reason;
use types::limits::LINE_UNITS_MAX;
use types::record::{Item, Money, Order, Touchpoint};
use types::{Currency, Decimal, ExactSum};

use super::findings::Findings;

/// Which signs an amount may have.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    Any,
    NotNegative,
}

pub(super) fn check(touchpoint: &Touchpoint, findings: &mut Findings) {
    let mut one_currency = OneCurrency::default();
    if let Some(Order { total, discount, refund, .. }) = &touchpoint.order {
        let amounts = [
            ("total", total, Sign::Any),
            ("discount", discount, Sign::NotNegative),
            ("refund", refund, Sign::NotNegative),
        ];
        for (field, amount, sign) in amounts {
            let field = format_args!("order.{field}");
            one_currency.hold(field, money(field, amount.as_ref(), sign, findings), findings);
        }
    }
    for (index, Item { price, discount, .. }) in touchpoint.items.iter().enumerate() {
        for (field, amount, sign) in [("price", price, Sign::Any), ("discount", discount, Sign::NotNegative)] {
            let field = format_args!("items[{index}].{field}");
            one_currency.hold(field, money(field, amount.as_ref(), sign, findings), findings);
        }
    }
    money(format_args!("cost"), touchpoint.cost.as_ref(), Sign::Any, findings);
    touchpoint.items.iter().enumerate().for_each(|(index, item)| line(index, item, findings));
}

/// A line must leave room for exact sums.
fn line(index: usize, item: &Item, findings: &mut Findings) {
    let price = item.price.as_ref().and_then(|price| Decimal::parse(&price.amount).ok());
    let quantity = if item.quantity.is_empty() { Ok(Decimal::ONE) } else { Decimal::parse(&item.quantity) };
    if let (Some(price), Ok(quantity)) = (price, quantity)
        && !ExactSum::product(price, quantity).within(LINE_UNITS_MAX)
    {
        let description = format!("price × quantity is more than {LINE_UNITS_MAX}; check the unit of both");
        findings.add(Reason::OutOfRange, format_args!("items[{index}].price.amount"), description);
    }
}

/// The first currency seen, and where.
#[derive(Default)]
struct OneCurrency {
    first: Option<(Currency, String)>,
}

impl OneCurrency {
    fn hold(&mut self, field: Arguments<'_>, currency: Option<Currency>, findings: &mut Findings) {
        let Some(currency) = currency else { return };
        let (first, first_field) = self.first.get_or_insert_with(|| (currency, field.to_string()));
        if *first != currency {
            let (code, first) = (currency.code(), first.code());
            let remedy = "an order and its items have one currency: send one touchpoint a currency";
            let description = format!("{code} stands here, {first} in {first_field}; {remedy}");
            findings.add(Reason::BadCurrency, format_args!("{field}.currency_code"), description);
        }
    }
}

/// The currency where it is one. Money of which neither half is given is not given.
fn money(field: Arguments<'_>, money: Option<&Money>, sign: Sign, findings: &mut Findings) -> Option<Currency> {
    let money = money.filter(|money| **money != Money::default())?;
    amount(field, &money.amount, sign, findings);
    let currency = Currency::parse(&money.currency_code);
    if let Err(error) = &currency {
        let description = format!("{error}; send the code of three letters");
        findings.add(Reason::BadCurrency, format_args!("{field}.currency_code"), description);
    }
    currency.ok()
}

fn amount(field: Arguments<'_>, amount: &str, sign: Sign, findings: &mut Findings) {
    let description = match Decimal::parse(amount) {
        Ok(number) if number.0 < 0 && sign == Sign::NotNegative => {
            format!("{} is negative; send how much it was, without a sign", number.to_text(0))
        }
        Ok(_) => return,
        Err(error) => format!("{error}; send digits with a point, without separators or currency"),
    };
    findings.add(Reason::BadAmount, format_args!("{field}.amount"), description);
}
