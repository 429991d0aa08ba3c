//! The projector as the server runs it, over a journal that lies ready, held against the sum of its primitives.

mod floor;
mod plan;
pub(crate) mod run;
mod shape;
mod size;

pub use plan::Plan;

use anyhow::Result;

use crate::{feed, series::Series};

/// Measures and prints everything; databases and journals go into the folder.
///
/// # Errors
/// What any part of it says.
pub fn measure(plan: &Plan, dir: &std::path::Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let touchpoints = feed::generator(1, plan.touchpoints, plan.customers, plan.uniform)?;
    let journal = feed::journal_of(touchpoints, &dir.join("journal"), &runtime)?;
    let mut series = Series::default();
    for number in 0..plan.runs {
        let state = dir.join(format!("state-{number}"));
        run::read(&journal, &mut series)?;
        run::fold(&journal, &state, &runtime, &mut series)?;
        if number + 1 < plan.runs {
            std::fs::remove_dir_all(&state)?;
        }
    }
    series.print("Runs", &format!("{} runs, each into a new state; {plan}.", plan.runs));
    let shape = shape::of(&journal)?;
    let last = dir.join(format!("state-{}", plan.runs.saturating_sub(1)));
    size::print(&journal, &dir.join("journal"), &last)?;
    floor::print(&shape, dir, &series)
}
