//! What a state is said to take in memory is about what an allocator gives for it.
#![cfg(test)]

use std::alloc::System;

use profile::{Fact, State, size};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use types::{
    HashKey, Kind,
    record::{Item, Money, Order, Touchpoint},
};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn touchpoint(number: usize) -> Touchpoint {
    let kind = Kind::ALL[number % Kind::ALL.len()];
    let price = Some(Money { amount: "12.50".into(), currency_code: "EUR".into() });
    let item = |at: usize| Item {
        category: format!("category {}", (number + at) % 7),
        price: price.clone(),
        ..Item::default()
    };
    let city = prost_types::Value { kind: Some(prost_types::value::Kind::StringValue(format!("city {number}"))) };
    Touchpoint {
        source: "pos".into(),
        message_id: format!("message {number}"),
        kind: kind.name().into(),
        occurred_at: Some(prost_types::Timestamp { seconds: 86_400 * i64::try_from(number % 300).unwrap(), nanos: 0 }),
        store_id: format!("store {}", number % 5),
        channel: format!("channel {}", number % 3),
        items: (0..number % 3).map(item).collect(),
        order: Some(Order { order_id: format!("order {number}"), total: price.clone(), ..Order::default() }),
        traits: Some(prost_types::Struct { fields: [(format!("trait {}", number % 4), city)].into() }),
        ..Touchpoint::default()
    }
}

#[test]
fn it_is_about_what_an_allocator_gives() {
    let key = HashKey::derive("test");
    let add = |state: &mut State, touchpoint: &Touchpoint| {
        state.add(&Fact::new(touchpoint, key.content_hash(touchpoint.message_id.as_bytes())), &key);
    };
    // What is made once a process is no part of a state.
    add(&mut State::default(), &touchpoint(0));
    for count in [1, 10, 100, 3_000] {
        let touchpoints: Vec<Touchpoint> = (0..count).map(touchpoint).collect();
        let (mut state, region) = (State::default(), Region::new(COUNTED));
        touchpoints.iter().for_each(|touchpoint| add(&mut state, touchpoint));
        let change = region.change();
        let given = change.bytes_allocated - change.bytes_deallocated;
        let said = size::bytes(&state);
        assert!((given * 3 / 4..given * 3 / 2).contains(&said), "{count} touchpoints: said {said}, given {given}");
    }
}
