//! What it costs to link two identifiers, and to say whose one is, in a state that knows millions of them.
//!
//! Every customer is a card and a user id that one touchpoint linked. Then come touchpoints by which nothing new is linked, and
//! as many by which a device is linked to a card, both of cards spread over all of the state.

use std::{hint::black_box, path::Path, sync::Arc};

use anyhow::{Context, Result, ensure};
use identity::Rules;
use journal::embedded::EmbeddedJournal;
use store::{CustomerRows, Store};
use tokio::runtime::Runtime;
use types::{Identifier, record::Touchpoint};

use super::{
    Plan,
    people::{card, link, row},
};
use crate::{feed, measure::measure, projection::run, table::group, threads};

/// Touchpoints of each kind that are folded into the whole state.
const NEWS: u64 = 200_000;
/// Identifiers looked at in one pass.
const LOOKS: u64 = 20_000;
/// Spreads numbers over all customers: odd, so that it meets each once.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Folds a crowd into a state of its own, measures, prints.
pub(super) fn print(plan: &Plan, dir: &Path, runtime: &Runtime) -> Result<()> {
    let customers = plan.identifiers / 2;
    if customers == 0 {
        return Ok(());
    }
    let journal = feed::journal_of((0..customers).map(joined), &dir.join("journal"), runtime)?;
    let store = run::folded(&journal, &dir.join("state"), runtime)?;
    println!("### {} identifiers\n", group(plan.identifiers as f64));
    println!("| | wall, µs | processor of the projector's threads, µs |\n|---|---:|---:|");
    let again = |at: u64| Touchpoint { message_id: format!("again{at}"), ..joined(spread(at, customers)) };
    fold("a touchpoint that links nothing new", (0..NEWS).map(again), &journal, &store, runtime)?;
    let device = |at: u64| {
        let device = Identifier::new("device_id", format!("device{at:09}"));
        link(&format!("device{at}"), &card(spread(at, customers)), &device)
    };
    fold("a touchpoint that links a device to a card", (0..NEWS).map(device), &journal, &store, runtime)?;
    println!("\n| | µs | min–max | CPU µs | CPU µs an identifier | × first |\n|---|---:|---:|---:|---:|---:|");
    let (snapshot, rules, key) = (store.snapshot(), Rules::default(), feed::hash_key());
    let find =
        |at: u64| CustomerRows::new(&snapshot, &rules, &key).find(key.identifier_id(&card(spread(at, customers))));
    let held = find(0)?.context("the first card was folded")?.identity.identifiers.len();
    ensure!(held == 3, "a card, a user and a device are {held}");
    let figure = measure("whose a card is, of three identifiers, any card", plan.passes, LOOKS, || {
        (0..LOOKS).for_each(|at| drop(black_box(find(at).expect("the state was read before"))));
    });
    row(&figure, Some(3), figure.cpu_nanos);
    println!();
    Ok(())
}

fn joined(number: u64) -> Touchpoint {
    let user = Identifier::new("user_id", format!("user{number:09}"));
    link(&format!("join{number}"), &card(number), &user)
}

/// A number below `of`, far from those of its neighbours.
fn spread(at: u64, of: u64) -> u64 {
    at.wrapping_mul(STRIDE) % of
}

fn fold(
    name: &str,
    touchpoints: impl Iterator<Item = Touchpoint>,
    journal: &Arc<EmbeddedJournal>,
    store: &Arc<Store>,
    runtime: &Runtime,
) -> Result<()> {
    feed::append(touchpoints, journal, runtime)?;
    let before = threads::by_name()?;
    let (began, after) = (std::time::Instant::now(), run::project(store, journal, runtime)?);
    let micros = |nanos: f64| nanos / NEWS as f64 / 1e3;
    println!(
        "| {name} | {:.1} | {:.1} |",
        micros(began.elapsed().as_nanos() as f64),
        micros(threads::of_projector(&after) - threads::of_projector(&before))
    );
    Ok(())
}
