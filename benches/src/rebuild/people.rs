//! What it costs to say whose an identifier is, among 2 to 1,000 that are one customer's, and behind a kiosk that a town uses.

use std::{hint::black_box, path::Path};

use anyhow::{Context, Result, ensure};
use identity::Rules;
use store::{CustomerRows, Store};
use tokio::runtime::Runtime;
use types::{
    Identifier,
    record::{self, Touchpoint},
};

use super::Plan;
use crate::{
    feed,
    measure::{Figure, measure},
    projection::run,
    table::group,
};

/// Identifiers that are one customer's: a member with so many others less one.
const COMPONENTS: [u64; 4] = [2, 10, 100, 1_000];
/// Identifiers looked at in one pass.
const LOOKS: u64 = 2_000;
/// 2026-03-01.
const START: i64 = 1_772_323_200;

/// Folds the people into a state of their own, measures, prints.
pub(super) fn print(plan: &Plan, dir: &Path, runtime: &Runtime) -> Result<()> {
    let links = COMPONENTS.into_iter().flat_map(component).chain((0..plan.kiosk).map(visit));
    let journal = feed::journal_of(links, &dir.join("journal"), runtime)?;
    let store = run::folded(&journal, &dir.join("state"), runtime)?;
    println!("### Identity\n\nOne identifier of so many that are one customer's, by a reader of its own each time.\n");
    println!("| | µs | min–max | CPU µs | CPU µs an identifier | × two |\n|---|---:|---:|---:|---:|---:|");
    let mut two = None;
    for of in COMPONENTS {
        let figure = find(plan, &store, &member(of), of, (LOOKS / of).max(1), &format!("one of {of}"))?;
        row(&figure, Some(of), *two.get_or_insert(figure.cpu_nanos));
    }
    let name = format!("a card seen at a kiosk of {} cards", group(plan.kiosk as f64));
    let figure = find(plan, &store, &card(0), 1, LOOKS, &name)?;
    row(&figure, None, two.unwrap_or(figure.cpu_nanos));
    println!();
    Ok(())
}

pub(super) fn row(figure: &Figure, of: Option<u64>, two: f64) {
    let micros = |nanos: f64| format!("{:.1}", nanos / 1e3);
    println!(
        "| {} | {} | {}–{} | {} | {} | {:.2} |",
        figure.name,
        micros(figure.wall.median),
        micros(figure.wall.least),
        micros(figure.wall.most),
        micros(figure.cpu_nanos),
        of.map_or_else(String::new, |of| micros(figure.cpu_nanos / of as f64)),
        figure.cpu_nanos / two,
    );
}

/// Finds one identifier again and again; it must be one of `of`.
fn find(plan: &Plan, store: &Store, wanted: &Identifier, of: u64, looks: u64, name: &str) -> Result<Figure> {
    let (snapshot, rules, key) = (store.snapshot(), Rules::default(), feed::hash_key());
    let id = key.identifier_id(wanted);
    let look = || CustomerRows::new(&snapshot, &rules, &key).find(id);
    let found = look()?.with_context(|| format!("{name}: it was folded"))?;
    ensure!(found.identity.identifiers.len() as u64 == of, "{name}: {} found", found.identity.identifiers.len());
    Ok(measure(name, plan.passes, looks, || {
        (0..looks).for_each(|_| drop(black_box(look().expect("the state was read before"))));
    }))
}

fn component(of: u64) -> impl Iterator<Item = Touchpoint> {
    (1..of).map(move |other| {
        let other = Identifier::new("wechat_openid", format!("o{of:04}x{other:04}"));
        link(&format!("c{of}-{}", other.value), &member(of), &other)
    })
}

fn visit(number: u64) -> Touchpoint {
    link(&format!("k{number}"), &card(number), &Identifier::new("device_id", "kiosk00001"))
}

fn member(of: u64) -> Identifier {
    Identifier::new("member_id", format!("m{of:04}x"))
}

pub(super) fn card(number: u64) -> Identifier {
    Identifier::new("loyalty_card", format!("25{number:09}"))
}

pub(super) fn link(message_id: &str, one: &Identifier, other: &Identifier) -> Touchpoint {
    Touchpoint {
        source: "bench".to_owned(),
        message_id: message_id.to_owned(),
        kind: "identifiers_linked".to_owned(),
        identifiers: [one, other].map(record::Identifier::from).to_vec(),
        occurred_at: Some(prost_types::Timestamp { seconds: START, nanos: 0 }),
        ..Touchpoint::default()
    }
}
