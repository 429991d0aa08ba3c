//! Counts of expressions that are no segments yet over a whole population, and the time until a new segment is told of everybody.

use std::{path::Path, time::Instant};

use anyhow::{Result, ensure};
use proto::segment::CountExpressionRequest;
use types::{
    Micros,
    record::{Money, Order, Touchpoint},
};

use super::{
    plan::Plan,
    world::{World, touchpoint, wall},
};
use crate::series::Series;

const DAY: i64 = 86_400_000_000;
/// Expressions, the cheaper first.
const EXPRESSIONS: [(&str, &str); 5] = [
    ("a namespace", r#""user_id" in identifiers"#),
    ("a metric", "metrics.orders >= 1"),
    ("orders of a window", r#"orders().within("30d").count() >= 1"#),
    ("touchpoints of a window", r#"touchpoints("page_viewed").within("30d").count() >= 1 && metrics.orders >= 1"#),
    ("a percentile", r#"percentile(net("365d")) >= 0.9"#),
];
const NEW: &str = r#"touchpoints("page_viewed").within("30d").count() >= 1 && orders().within("60d").count() == 0"#;

/// Fills a server and prints the table.
pub(super) async fn measure(plan: &Plan, dir: &Path) -> Result<()> {
    let world = World::start(&dir.join("count")).await?;
    let (began, now) = (Instant::now(), wall());
    world.publish((0..plan.population).flat_map(|number| customer(number, now))).await?;
    world.folded().await?;
    let filled = began.elapsed().as_secs_f64();
    let mut series = Series::default();
    for number in 0..plan.runs {
        for (name, expression) in EXPRESSIONS {
            series.note(format!("count, {name}: s"), count(&world, plan, expression).await?);
            let again = count(&world, plan, expression).await?;
            series.note(format!("the same again, {name}: ms"), again * 1e3);
        }
        world.publish([touchpoint("page_viewed", "c0", format!("again{number}"), wall())].into_iter()).await?;
        world.folded().await?;
        for (name, expression) in EXPRESSIONS {
            let after = count(&world, plan, expression).await?;
            series.note(format!("after one of them came again, {name}: ms"), after * 1e3);
        }
        let began = Instant::now();
        world.apply(&[("new".to_owned(), format!("{NEW} && {number} == {number}"))]).await?;
        world.told_until(Micros(wall().0 + 1)).await?;
        series.note("a new segment told of everybody: s", began.elapsed().as_secs_f64());
    }
    let note =
        format!("{} customers of two touchpoints each, filled in {filled:.0} s; {} runs.", plan.population, plan.runs);
    series.print("Counts", &note);
    for (name, expression) in EXPRESSIONS {
        println!("- {name}: `{expression}`");
    }
    println!("- the new segment: `{NEW}`\n");
    world.stop().await
}

/// Seconds until everybody was counted.
async fn count(world: &World, plan: &Plan, expression: &str) -> Result<f64> {
    let request = CountExpressionRequest { expression: expression.to_owned(), ..Default::default() };
    let began = Instant::now();
    let answer = world.client.segments().count_expression(request).await?.into_inner();
    ensure!(answer.population == i64::try_from(plan.population)?, "everybody is counted");
    Ok(began.elapsed().as_secs_f64())
}

/// A page seen within ninety days, and of every other one an order.
fn customer(number: usize, now: Micros) -> [Touchpoint; 2] {
    let (who, day) = (format!("c{number}"), i64::try_from(number % 90).unwrap_or_default());
    let at = Micros(now.0 - day * DAY - 1_000_000);
    let viewed = touchpoint("page_viewed", &who, format!("v{number}"), at);
    let mut second = touchpoint("page_viewed", &who, format!("o{number}"), Micros(at.0 + 1));
    if number.is_multiple_of(2) {
        second.kind = "order_completed".to_owned();
        let amount = format!("{}.{:02}", 5 + number % 500, number % 100);
        let total = Some(Money { amount, currency_code: "EUR".to_owned() });
        second.order = Some(Order { order_id: format!("order-{number}"), total, ..Default::default() });
    }
    [viewed, second]
}
