//! What live segments cost: beside each touchpoint, in memory and on disk, when they are counted, and when deadlines come.
//!
//! Whole servers in this process, asked over the loopback. What is told is found out as callers do: by the feed.

mod cost;
mod count;
mod deadlines;
mod mix;
mod plan;
mod world;

pub use plan::Plan;

use std::path::Path;

use anyhow::Result;

use crate::series::Series;
use plan::Part;

/// Measures and prints everything; data go into the folder.
///
/// # Errors
/// What any part of it says.
pub async fn measure(plan: &Plan, dir: &Path) -> Result<()> {
    if plan.does(Part::Cost) {
        cost::measure(plan, dir).await?;
    }
    if plan.does(Part::Count) {
        count::measure(plan, dir).await?;
    }
    if plan.does(Part::Deadlines) {
        let mut series = Series::default();
        for number in 0..plan.runs {
            deadlines::burst(plan, &dir.join(format!("burst-{number}")), &mut series).await?;
            deadlines::steady(plan, &dir.join(format!("steady-{number}")), &mut series).await?;
        }
        series.print("Deadlines", &format!("{} runs, each of new servers.", plan.runs));
    }
    Ok(())
}
