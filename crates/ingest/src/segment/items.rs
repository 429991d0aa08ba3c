//! Products: the list of an event, or the event's own properties where it speaks of one product.
//!
//! Owns what a product is and when its price counts. What else is said of a product stays among the properties, in the items'
//! order.

use proto::ingest::Reason;
use types::record::{Item, Money, Touchpoint};

use super::fields::Fields;
use super::json::Json;
use crate::check::Findings;

/// The list's name, here and among what is kept.
const PRODUCTS: &str = "products";

/// The currency that all amounts of an event have, and what becomes of amounts where none is given.
#[derive(Debug)]
pub(super) struct Prices {
    currency: String,
    /// Amounts count, so that a missing currency is a finding.
    needed: bool,
    missing: bool,
}

impl Prices {
    /// Of an event that buys nothing: where there is no currency, amounts stay among the properties.
    pub(super) fn of_browsing(properties: &Fields<'_>, findings: &mut Findings) -> Self {
        Self { currency: properties.peek("currency", findings), needed: false, missing: false }
    }

    /// Of an event that moves money. `finish` says whether a currency was missing.
    pub(super) fn of_order(properties: &mut Fields<'_>, findings: &mut Findings) -> Self {
        Self { currency: properties.text("currency", findings), needed: true, missing: false }
    }

    /// Takes an amount.
    pub(super) fn take(&mut self, fields: &mut Fields<'_>, name: &str, findings: &mut Findings) -> Option<Money> {
        if self.currency.is_empty() && !self.needed {
            return None;
        }
        let amount = fields.decimal(name, Reason::BadAmount, findings)?;
        self.missing |= self.currency.is_empty();
        Some(Money { amount, currency_code: self.currency.clone() })
    }

    /// Segment takes US dollars where no currency is given; we do not guess.
    pub(super) fn finish(self, properties: &Fields<'_>, findings: &mut Findings) {
        if self.missing {
            let field = properties.path_of("currency");
            let description = "it is not given, but there are amounts; send the code of three letters, e.g. `EUR`";
            findings.add(Reason::BadCurrency, format_args!("{field}"), description);
        }
    }
}

/// The products of the list.
pub(super) fn list(
    properties: &mut Fields<'_>,
    touchpoint: &mut Touchpoint,
    prices: &mut Prices,
    findings: &mut Findings,
) {
    let mut rests = Vec::new();
    for mut product in properties.objects(PRODUCTS, findings) {
        touchpoint.items.push(item(&mut product, prices, findings));
        rests.push(product.into_rest());
    }
    if rests.iter().any(|rest| !rest.is_empty()) {
        properties.keep(PRODUCTS, Json::List(rests.into_iter().map(Json::Object).collect()));
    }
}

/// The products of the list, of an event that buys nothing.
pub(super) fn browsed(properties: &mut Fields<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    let mut prices = Prices::of_browsing(properties, findings);
    list(properties, touchpoint, &mut prices, findings);
}

/// The products of the list where there is one, else the one that the properties speak of.
pub(super) fn one_or_list(properties: &mut Fields<'_>, touchpoint: &mut Touchpoint, findings: &mut Findings) {
    if properties.has(PRODUCTS) {
        return browsed(properties, touchpoint, findings);
    }
    let mut prices = Prices::of_browsing(properties, findings);
    let item = item(properties, &mut prices, findings);
    if item != Item::default() {
        touchpoint.items.push(item);
    }
}

/// Where there are both, the database's id is the product and the SKU stays beside it; `id` is the specification's first version.
fn item(product: &mut Fields<'_>, prices: &mut Prices, findings: &mut Findings) -> Item {
    Item {
        product_id: product.first_text(&["product_id", "sku", "id"], findings),
        name: product.text("name", findings),
        category: product.text("category", findings),
        brand: product.text("brand", findings),
        quantity: product.decimal("quantity", Reason::Malformed, findings).unwrap_or_default(),
        price: prices.take(product, "price", findings),
        discount: prices.take(product, "discount", findings),
    }
}
