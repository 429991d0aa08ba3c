//! The functions and methods of the language, for those who write segments.

/// An example of each, and what it gives.
pub const ALL: &[(&str, &str)] = &[
    (r#"touchpoints("order_completed")"#, "Touchpoints of these kinds; without a kind, all."),
    ("orders()", "Orders that stand, each once however many systems reported it."),
    (r#"SET.where(t, t.store == "s1")"#, "Those of which a condition holds."),
    (r#"SET.within("90d")"#, "Those of the last 90 days: an element leaves at occurred_at + 90 d, to the microsecond."),
    (r#"SET.older_than("30d")"#, "Those that are at least 30 days old."),
    (
        r#"SET.in_current("month")"#,
        "Those of this day, week (from Monday), month, quarter or year, in the zone of the calendar.",
    ),
    (r#"SET.in_previous("week")"#, "Those of the one before."),
    ("SET.count()", "How many."),
    ("SET.sum(t, t.net)", "Sum of a number; 0 where there is none."),
    ("SET.avg(t, t.net)", "Mean of a number; absent where there is none."),
    ("SET.min(t, t.net)", "The least of numbers, instants or texts; absent where there is none."),
    ("SET.max(t, t.occurred_at)", "The greatest; absent where there is none."),
    ("SET.distinct(t, t.store)", "How many different ones; of lists, how many different entries."),
    ("SET.most_frequent(t, t.store)", "The text met most often, of several the first by alphabet."),
    ("SET.first().store", "A field of the first one; absent where there is none."),
    ("SET.last().occurred_at", "A field of the last one."),
    (
        r#"sequence(touchpoints("product_added"), "2h", not(touchpoints("order_completed")))"#,
        "Whether steps follow each other, each within a gap after the one before; not(SET): none comes within the gap.",
    ),
    (
        r#"percentile(net("365d")) >= 0.9"#,
        "Whether a number is at or above (>=), or below (<), a cut of the population.",
    ),
    (r#"anniversary(traits.birthday, "7d")"#, "Whether an anniversary of a date is today or within a span."),
    (r#"net("365d")"#, "Net of the orders bought within a span: total less all that was given back."),
    (r#"segment("lapsing")"#, "Whether the customer is in another segment."),
    ("has(traits.city)", "Whether something is there."),
    (r#"duration("90d")"#, "A length of time: w, d, h, m, s, ms."),
    (r#"timestamp("2026-03-01T09:30:00Z")"#, "An instant."),
    (r#"x in ["a", "b"]"#, "Whether a list or the keys of a map hold a value."),
    (r#"text.startsWith("a")"#, "Also endsWith, contains, matches (RE2 syntax), lowerAscii(), size()."),
    (
        r#"t.occurred_at.getHours("Europe/Berlin")"#,
        "The same in another zone, or at a distance from UTC such as `+05:30`.",
    ),
    (
        "t.occurred_at.getHours()",
        "Also getFullYear, getMonth, getDate, getDayOfWeek, getMinutes, … in the zone of the calendar, as CEL counts.",
    ),
];

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::{Schema, compile};

    /// Each example compiles once what stands in capitals is put in.
    #[test]
    fn examples_are_right() {
        let schema = Schema {
            kinds: ["order_completed", "product_added"].map(str::to_owned).into(),
            segments: ["lapsing".to_owned()].into(),
            ..Schema::default()
        };
        for (example, _) in ALL {
            let put_in = example.replace("SET", "touchpoints()").replace("not(touchpoints())", "not(SET)");
            let fits = [
                put_in.clone(),
                format!("{put_in} == 1"),
                format!("{put_in} != \"x\""),
                format!("{put_in}.count() > 1"),
                format!("{put_in} < now"),
                format!("{put_in} > duration(\"1s\")"),
                put_in.replace("x in", "traits.x in"),
                put_in.replace("text.", "traits.text."),
                format!("touchpoints().where(t, {put_in} > 1).count() > 1"),
            ];
            assert!(fits.iter().any(|source| compile(source, &schema).is_ok()), "{example}");
        }
    }
}
