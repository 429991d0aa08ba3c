//! Visits: a person enters a store, walks through its zones, perhaps buys at the till, and leaves.

use rand::RngExt as _;
use types::{
    Kind, Micros,
    record::{Identifier, Touchpoint},
};

use super::{catalogue::STORES, sales, script::Script};

/// One visit. The store's Wi-Fi knows the phones of those who have the app; three in ten visits are nobody's.
pub(crate) fn play(script: &mut Script<'_>) {
    let Some((store, zones)) = STORES.get(sales::store(script)).copied() else { return };
    let visit = script.name("v");
    let known = script.chance(70);
    let who: Vec<Identifier> = known.then(|| script.person.device(false)).into_iter().collect();
    let entered = script.at;
    place(script.add("footfall", Kind::StoreEntered, &who), store, &visit);
    let walked = 1 + script.rng.random_range(0..zones.len().min(3));
    for _ in 0..walked {
        let zone = script.pick(zones);
        walk(script, &who, (store, zone), &visit);
    }
    if script.chance(50) {
        script.wait(20, 200);
        let card: Vec<Identifier> = script.person.card().filter(|_| known).into_iter().collect();
        sales_at_till(script, store, &card, &visit);
    }
    script.wait(5, 60);
    let exited = script.add("footfall", Kind::StoreExited, &who);
    place(exited, store, &visit);
    let left = exited.occurred();
    exited.duration = Some(between(entered, left));
}

/// What follows days after the purchase must not move the end of the visit.
fn sales_at_till(script: &mut Script<'_>, store: &str, card: &[Identifier], visit: &str) {
    let at = script.at;
    sales::at_till(script, store, card, visit);
    script.at = at;
    script.wait(30, 120);
}

fn walk(script: &mut Script<'_>, who: &[Identifier], (store, zone): (&str, &str), visit: &str) {
    script.wait(5, 120);
    let entered = script.at;
    in_zone(script.add("footfall", Kind::ZoneEntered, who), store, zone, visit);
    script.wait(20, 600);
    if script.chance(60) {
        let stayed = between(entered, script.at);
        let dwelled = script.add("footfall", Kind::ZoneDwelled, who);
        in_zone(dwelled, store, zone, visit);
        dwelled.duration = Some(stayed);
    }
    if script.chance(60) {
        in_zone(script.add("footfall", Kind::ZoneExited, who), store, zone, visit);
    }
}

fn place(touchpoint: &mut Touchpoint, store: &str, visit: &str) {
    store.clone_into(&mut touchpoint.store_id);
    "store".clone_into(&mut touchpoint.channel);
    visit.clone_into(&mut touchpoint.visit_id);
    let sensor = format!("{store}/ap-{:02}", touchpoint.zone_id.len());
    let fields = [("sensor".to_owned(), sensor.into()), ("technology".to_owned(), "wifi".into())];
    touchpoint.properties = Some(prost_types::Struct { fields: fields.into() });
}

fn in_zone(touchpoint: &mut Touchpoint, store: &str, zone: &str, visit: &str) {
    zone.clone_into(&mut touchpoint.zone_id);
    place(touchpoint, store, visit);
}

/// Whole seconds from one instant to a later one.
fn between(from: Micros, to: Micros) -> prost_types::Duration {
    prost_types::Duration { seconds: (to.0 - from.0) / 1_000_000, nanos: 0 }
}
