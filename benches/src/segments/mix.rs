//! Segments as a marketing department has them: a dozen forms, with ever other kinds, thresholds, windows, stores and cities; and
//! others that ask for one product each, as a campaign for it does.

const KINDS: [&str; 10] = [
    "page_viewed",
    "product_viewed",
    "product_added",
    "checkout_started",
    "store_entered",
    "zone_entered",
    "message_opened",
    "message_clicked",
    "coupon_redeemed",
    "survey_answered",
];
const WINDOWS: [u32; 8] = [3, 7, 14, 21, 30, 45, 60, 89];
const STORES: [&str; 6] = ["wien-mitte", "wien-nord", "graz-ost", "linz-donau", "wels-messe", "villach-see"];
const CITIES: [&str; 5] = ["Wien", "Graz", "Linz", "Salzburg", "Innsbruck"];
/// Forms of expressions.
const FORMS: usize = 12;

/// Name of a segment by its number.
pub(super) fn name(number: usize) -> String {
    format!("s{number}")
}

/// Expression of a segment by its number; equal numbers give equal ones.
pub(super) fn expression(number: usize) -> String {
    let variant = number / FORMS;
    let (kind, days) = (KINDS[variant % KINDS.len()], WINDOWS[variant / 3 % WINDOWS.len()]);
    let (store, city) = (STORES[variant % STORES.len()], CITIES[variant % CITIES.len()]);
    let least = 1 + variant / 5 % 7;
    match number % FORMS {
        0 => format!(r#"touchpoints("{kind}").within("{days}d").count() >= {least}"#),
        1 => format!(r#"orders().within("{days}d").count() >= {least}"#),
        2 => format!(r#"metrics.orders >= {least} && metrics.last_order_at < now - duration("{days}d")"#),
        3 => format!(r#"net("{days}d") >= {}"#, least * 40 + variant),
        4 => format!(r#"touchpoints("{kind}").where(t, t.store == "{store}").within("{days}d").count() >= {least}"#),
        5 => format!(r#"traits.city == "{city}" && metrics.active_days >= {least}"#),
        6 => format!(r#"consents.email == "granted" && touchpoints("{kind}").within("{days}d").count() == 0"#),
        7 => format!(r#"orders().count() >= {least} && orders().within("{days}d").count() == 0"#),
        8 => format!(
            r#"sequence(touchpoints("product_added").within("{days}d"), "{least}h", not(touchpoints("order_completed")))"#
        ),
        9 => format!(r#"segment("{}") && !segment("{}")"#, name(variant % 8 * FORMS), name(variant % 8 * FORMS + 1)),
        10 => format!(r#"touchpoints("{kind}").last().occurred_at < now - duration("{days}d")"#),
        _ => format!(r#""email" in identifiers && touchpoints("{kind}").count() > {}"#, least * 2),
    }
}

/// Expression of a segment by its number that asks for one of these products.
pub(super) fn of_one_product(number: usize, products: &[String]) -> String {
    let product = products.get(number % products.len().max(1)).map_or("", String::as_str);
    let variant = number / products.len().max(1);
    let (days, least) = (WINDOWS[variant % WINDOWS.len()], 1 + variant / 3 % 4);
    let of = |kind: &str| format!(r#"touchpoints("{kind}").where(t, "{product}" in t.products)"#);
    match variant % 3 {
        0 => format!(r#"{}.within("{days}d").count() >= {least}"#, of("product_viewed")),
        1 => format!(
            r#"sequence({}.within("{days}d"), "{least}h", not({}))"#,
            of("product_added"),
            of("order_completed")
        ),
        _ => format!(r#"{}.last().occurred_at < now - duration("{days}d")"#, of("order_completed")),
    }
}
