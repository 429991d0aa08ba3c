//! What compiles, and what is refused with which words.

use std::collections::BTreeSet;

use super::*;
use crate::{
    needs::{Quantile, Reach},
    schema::MetricField,
};

fn schema() -> Schema {
    let metric = |ty| MetricField { ty, description: String::new() };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    Schema {
        metrics: [
            ("orders".to_owned(), metric(Type::Number)),
            ("net".to_owned(), metric(Type::Map(Box::new(Type::Number)))),
            ("last_order_at".to_owned(), metric(Type::Instant)),
        ]
        .into(),
        kinds: names(&["order_completed", "product_added", "zone_entered"]),
        segments: names(&["lapsing", "complained"]),
    }
}

#[test]
fn the_shapes_of_the_language_compile() {
    for source in [
        r#"traits.city == "Shanghai" && touchpoints("order_completed").within("90d").sum(t, t.net) >= 500.0"#,
        r#"touchpoints("order_completed").where(t, t.store == "s1").within("30d").count() >= 3"#,
        r#"touchpoints("order_completed").within("60d").count() == 0 && touchpoints("order_completed").count() > 0"#,
        r#"sequence(touchpoints("product_added"), "2h", not(touchpoints("order_completed")))"#,
        r#"touchpoints("zone_entered").last().occurred_at > now - duration("600s")"#,
        r#"percentile(net("365d")) >= 0.9"#,
        r#"anniversary(traits.birthday, "7d")"#,
        r#"segment("lapsing") && !segment("complained")"#,
        r#"consents.email == "granted""#,
        r#""loyalty_card" in identifiers"#,
        r#"metrics.net["EUR"] > 100 || metrics["orders"] >= 2"#,
        r#"has(traits.birthday) && traits.tier in ["gold", "silver"]"#,
        r#"touchpoints().in_previous("month").distinct(t, t.store) > 1"#,
        r#"orders().within("1w").where(o, "tea" in o.categories).max(o, o.net) > 50"#,
        r#"now - metrics.last_order_at > duration("30d")"#,
        r#"touchpoints("product_added").most_frequent(t, t.categories) == "tea""#,
        r#"traits.email.matches("@example\\.(com|org)$") ? true : traits.vip"#,
        r#"touchpoints("zone_entered").where(t, t.occurred_at.getHours() >= 18).count() > 2"#,
        r#"now.getHours("Europe/Berlin") < 6 || now.getDayOfWeek("+05:30") == 0"#,
    ] {
        let compiled = compile(source, &schema());
        assert!(compiled.is_ok(), "{}", compiled.unwrap_err().render(source));
    }
}

#[test]
fn refusals_name_place_and_remedy() {
    for (source, at, words) in [
        (r#"touchpoints("order_complete").count() > 0"#, 12, "did you mean `order_completed`"),
        ("metrics.order > 1", 8, "did you mean `orders`"),
        (r#"segment("lapsin")"#, 8, "did you mean `lapsing`"),
        (r#"touchpoints("zone_entered").sum(t, t.nett) > 1"#, 37, "did you mean `net`"),
        (r#"touchpoints("zone_entered").cuont() > 1"#, 28, "did you mean `count`"),
        (r#"touchpoints("zone_entered")"#, 0, "is a set"),
        ("metrics.orders", 8, "expected something true or false"),
        (r#"metrics.orders > "5""#, 17, "cannot be compared"),
        (r#"metrics.last_order_at > "2026-01-01""#, 24, "timestamp("),
        ("metrics.net > 5", 14, "name a key"),
        (r#"consents.email == "grantd""#, 18, "did you mean `granted`"),
        (r#"touchpoints().within("90")"#, 21, "no length of time"),
        (r#"percentile(metrics.orders) > 0.5"#, 0, ">= (at or above) or < (below)"),
        (r#"percentile(metrics.orders) >= 90"#, 0, "from 0 to 1"),
        (r#"touchpoints().where(t, touchpoints().count() > 1).count() > 1"#, 23, "inside another"),
        (r#"sequence(touchpoints())"#, 0, "2 to 8 steps"),
        (r#"traits.name.matches("(a")"#, 20, "not read"),
        (r#"traits.name.matches("(a{100}){100}")"#, 20, "not read"),
        (r#"now.getHours("Europe/Berln") > 1"#, 13, "did you mean `Europe/Berlin`"),
        (r#"now.getHours("+5:30") > 1"#, 13, "+05:30"),
        (r#"now.getHours(traits.zone) > 1"#, 20, "written out"),
        (r#"now.getHours("UTC", "UTC") > 1"#, 4, "getHours(\"Europe/Berlin\")"),
        ("trait.city == 'x'", 0, "did you mean `traits`"),
    ] {
        let error = compile(source, &schema()).unwrap_err();
        assert!(error.message.contains(words), "{source}: {}", error.render(source));
        assert_eq!(error.at, at, "{}", error.render(source));
    }
}

#[test]
fn many_sets_are_refused() {
    let many = vec![r#"touchpoints("zone_entered").count() > 1"#; 33].join(" || ");
    assert!(compile(&many, &schema()).unwrap_err().message.contains("more than 32 sets"));
}

#[test]
fn needs_say_what_has_to_be_loaded() {
    let needs = |source: &str| compile(source, &schema()).unwrap().needs;
    let orders = needs("metrics.orders > 1");
    assert_eq!(orders, Needs { metrics: ["orders".to_owned()].into(), ..Needs::default() });
    let cart = needs(r#"sequence(touchpoints("product_added"), "2h", not(touchpoints("order_completed")))"#);
    assert!(cart.touchpoints && cart.clock && !cart.orders);
    let kinds: Vec<String> = cart.choices.into_iter().flat_map(|choice| choice.kinds).collect();
    assert_eq!(kinds, ["order_completed", "product_added"]);
    assert_eq!(cart.reach, Reach::Life);
    // Counts of whole kinds are in the profile; of two spans the longer one is read.
    let counts = needs(r#"touchpoints("zone_entered").count() > 1"#);
    assert!(counts.counts && counts.touchpoints && counts.reach == Reach::Nothing);
    let spans = needs(
        r#"touchpoints().within("2h").within("1h").count() > 1 || touchpoints("zone_entered").within("3h").count() > 1"#,
    );
    assert_eq!((spans.reach, spans.shared.len()), (Reach::Span(3 * 3_600_000_000), 2));
    let top = needs(r#"percentile(net("365d")) >= 0.9 && segment("lapsing")"#);
    assert_eq!(top.quantiles.iter().map(Quantile::key).collect::<Vec<_>>(), [r#"net("365d") @ 0.9"#]);
    assert!(top.orders && top.segments.contains("lapsing"));
}
