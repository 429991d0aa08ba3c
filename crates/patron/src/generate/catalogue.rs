//! What the chain has: stores with their zones, and products with names, brands and prices.

use rand::RngExt as _;
use types::record::{Item, Money};

use super::script::Script;

/// Stores and their zones.
pub(crate) const STORES: [(&str, &[&str]); 12] = [
    ("wien-mitte", &["entrance", "fashion", "home", "food", "checkout"]),
    ("wien-nord", &["entrance", "fashion", "electronics", "checkout"]),
    ("wien-west", &["entrance", "home", "toys", "checkout"]),
    ("graz-hauptplatz", &["entrance", "fashion", "beauty", "checkout"]),
    ("graz-ost", &["entrance", "food", "home", "checkout"]),
    ("linz-donau", &["entrance", "electronics", "toys", "checkout"]),
    ("salzburg-bahnhof", &["entrance", "food", "books", "checkout"]),
    ("salzburg-altstadt", &["entrance", "fashion", "beauty", "checkout"]),
    ("innsbruck-sued", &["entrance", "sports", "fashion", "checkout"]),
    ("villach-see", &["entrance", "sports", "garden", "checkout"]),
    ("wels-messe", &["entrance", "garden", "home", "checkout"]),
    ("bregenz-hafen", &["entrance", "food", "sports", "checkout"]),
];

/// Category, what is sold in it, cheapest and dearest in cents.
const CATEGORIES: [(&str, [&str; 6], i64, i64); 10] = [
    ("fashion", ["Jacket", "Shirt", "Jeans", "Dress", "Scarf", "Sneakers"], 990, 14_900),
    ("home", ["Candle", "Cushion", "Lamp", "Mug", "Blanket", "Frame"], 390, 7_900),
    ("food", ["Coffee", "Tea", "Chocolate", "Honey", "Olive oil", "Muesli"], 149, 1_990),
    ("beauty", ["Shampoo", "Cream", "Perfume", "Soap", "Lipstick", "Sun milk"], 199, 6_900),
    ("electronics", ["Headphones", "Charger", "Speaker", "Keyboard", "Cable", "Camera"], 790, 39_900),
    ("toys", ["Puzzle", "Doll", "Blocks", "Card game", "Kite", "Train"], 490, 5_900),
    ("sports", ["Ball", "Backpack", "Bottle", "Gloves", "Tent", "Racket"], 690, 17_900),
    ("garden", ["Spade", "Seeds", "Pot", "Hose", "Lantern", "Gloves"], 199, 8_900),
    ("books", ["Novel", "Atlas", "Cookbook", "Calendar", "Notebook", "Guide"], 590, 4_900),
    ("pets", ["Dry food", "Leash", "Toy mouse", "Basket", "Brush", "Snack"], 199, 5_900),
];

const BRANDS: [&str; 9] =
    ["Alpenglück", "Nordlicht", "Casa Verde", "Kleeblatt", "Urban Ray", "Bergwerk", "Lumo", "Feinkost Adler", "Pepita"];

/// Words that customers search for.
pub(crate) const SEARCHES: [&str; 10] = [
    "winter jacket",
    "coffee beans",
    "gift for her",
    "headphones",
    "candle",
    "puzzle 1000",
    "sun milk",
    "olive oil",
    "notebook a5",
    "running bottle",
];

/// Campaign, where from, how.
pub(crate) const CAMPAIGNS: [(&str, &str, &str); 5] = [
    ("spring-sale", "newsletter", "email"),
    ("new-members", "wechat", "social"),
    ("brand-search", "search", "cpc"),
    ("store-opening", "radio", "audio"),
    ("loyalty-days", "sms", "sms"),
];

const PRODUCTS: u64 = 480;

/// A product; a number from 0 says all about it.
pub(crate) fn product(number: u64) -> Item {
    let number = number % PRODUCTS;
    let mix = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 17;
    let (category, nouns, cheapest, dearest) = pick(&CATEGORIES, number);
    let brand = pick(&BRANDS, mix);
    let spread = (dearest - cheapest).cast_unsigned();
    // Most prices lie in the lower half, and end in 9.
    let cents = cheapest + ((mix % spread) * (mix / 7 % spread) / spread).cast_signed();
    Item {
        product_id: format!("{}-{number:03}", category.get(..2).unwrap_or(category).to_uppercase()),
        name: format!("{brand} {}", pick(&nouns, number / 10)),
        category: category.to_owned(),
        brand: brand.to_owned(),
        price: Some(euros(cents / 10 * 10 + 9)),
        ..Item::default()
    }
}

/// A product as customers choose them: some far more often than others.
pub(crate) fn any_product(script: &mut Script<'_>) -> Item {
    let (one, other) = (script.rng.random_range(0..PRODUCTS), script.rng.random_range(0..PRODUCTS));
    product(one * other / PRODUCTS)
}

/// An amount in cents as money.
pub(crate) fn euros(cents: i64) -> Money {
    let sign = if cents < 0 { "-" } else { "" };
    let magnitude = cents.unsigned_abs();
    Money { amount: format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100), currency_code: "EUR".to_owned() }
}

/// The cents of an amount that `euros` wrote.
pub(crate) fn cents(money: &Money) -> i64 {
    types::Decimal::parse(&money.amount).map_or(0, |amount| amount.0 / 10_000)
}

fn pick<T: Copy>(list: &[T], number: u64) -> T {
    let index = usize::try_from(number).unwrap_or_default() % list.len();
    *list.get(index).expect("the index is cut to the length")
}
