//! Where conditions are cut, and what each part needs.

use std::collections::BTreeSet;

use super::*;
use crate::{
    compile,
    needs::Depth,
    schema::{MetricField, Schema, Type},
};

fn schema() -> Schema {
    let metric = MetricField { ty: Type::Number, description: String::new() };
    Schema {
        metrics: [("orders".to_owned(), metric)].into(),
        kinds: BTreeSet::from(["order_completed".to_owned()]),
        segments: BTreeSet::from(["lapsing".to_owned()]),
    }
}

/// The parts as they are joined, each in angle brackets.
fn shown(parts: Parts<'_>) -> String {
    match parts {
        Parts::Condition(part) => format!("<{}>", part.text),
        Parts::Segment(name) => format!("[{name}]"),
        Parts::Not(operand) => format!("!{}", shown(operand.parts())),
        Parts::And(left, right) => format!("({} && {})", shown(left.parts()), shown(right.parts())),
        Parts::Or(left, right) => format!("({} || {})", shown(left.parts()), shown(right.parts())),
    }
}

#[test]
fn conditions_are_cut_at_their_joints_alone() {
    for (source, wanted) in [
        (r#"traits.city == "Lyon""#, r#"<traits.city == "Lyon">"#),
        (r#"segment("lapsing")"#, "[lapsing]"),
        (
            r#"metrics.orders>=2 && !(traits.vip || segment("lapsing"))"#,
            "(<metrics.orders >= 2> && !(<traits.vip> || [lapsing]))",
        ),
        (
            r#"(traits.vip || traits.old ? metrics.orders : 0) > 1 || !traits.vip"#,
            "(<((traits.vip || traits.old) ? metrics.orders : 0) > 1> || !<traits.vip>)",
        ),
        (r#"segment("lapsing") == true"#, r#"<segment("lapsing") == true>"#),
        (
            r#"touchpoints("order_completed").where(t, t.store == "a" && t.channel == "b").count() > 0"#,
            r#"<touchpoints("order_completed").where(t, (t.store == "a") && (t.channel == "b")).count() > 0>"#,
        ),
    ] {
        assert_eq!(shown(compile(source, &schema()).unwrap().parts()), wanted, "{source}");
    }
}

#[test]
fn a_part_needs_what_it_reads_itself() {
    let program = compile(r#"traits.vip && metrics.orders > 1 && segment("lapsing") == true"#, &schema()).unwrap();
    let Parts::And(left, right) = program.parts() else { unreachable!("a conjunction") };
    let (Parts::And(vip, orders), Parts::Condition(named)) = (left.parts(), right.parts()) else {
        unreachable!("two conjunctions")
    };
    let needs = |side: Joined<'_>| match side.parts() {
        Parts::Condition(part) => {
            compile(&part.text, &schema()).map(|own| (own.needs == part.needs, part.needs.depth()))
        }
        _ => unreachable!("a condition"),
    };
    assert_eq!(needs(vip).unwrap(), (true, Depth::Registers));
    assert_eq!(needs(orders).unwrap(), (true, Depth::Whole));
    assert_eq!((named.needs.depth(), named.needs.segments.len()), (Depth::Nothing, 1));
    assert_eq!((program.needs.depth(), program.needs.segments.len()), (Depth::Whole, 1));
}

#[test]
fn texts_tell_apart_what_brackets_change() {
    let text = |source: &str| compile(source, &schema()).unwrap().text.to_string();
    let spaced = r#"touchpoints("order_completed").last().occurred_at"#;
    assert_eq!(
        text(&format!("(now - ({spaced} - now)).getHours() == 1")),
        format!("(now - ({spaced} - now)).getHours() == 1")
    );
    assert_eq!(text(&format!("(({spaced}).getHours()) == 1")), format!("{spaced}.getHours() == 1"));
}
