//! What a rebuild costs beside the reading of the journal and the live fold, and what it costs to say who is one customer.

mod crowd;
mod people;
mod plan;
mod run;

pub use plan::Plan;

use anyhow::Result;

use crate::{feed, series::Series};

/// Measures and prints everything; journals and states go into the folder.
///
/// # Errors
/// What any part of it says.
pub fn measure(plan: &Plan, dir: &std::path::Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let touchpoints = feed::generator(1, plan.touchpoints, plan.customers, plan.uniform)?;
    let journal = feed::journal_of(touchpoints, &dir.join("journal"), &runtime)?;
    let mut series = Series::default();
    for number in 0..plan.runs {
        let data = dir.join(format!("data-{number}"));
        run::once(&journal, &data, &mut series)?;
        std::fs::remove_dir_all(&data)?;
    }
    series.print("Rebuild", &format!("{} runs, each into new states; {plan}.", plan.runs));
    drop(journal);
    people::print(plan, &dir.join("people"), &runtime)?;
    crowd::print(plan, &dir.join("crowd"), &runtime)
}
