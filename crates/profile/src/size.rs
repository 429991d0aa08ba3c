//! About how many bytes of memory a state takes: for whoever keeps states within a bound.

use std::collections::BTreeMap;

use types::{Amounts, TotalOrder};

use crate::{
    accumulator::Accumulator,
    activity::MonthActivity,
    core::Core,
    orders::{Bought, NamedRefund, OrderFacts},
    register::Register,
    state::State,
};

/// Places of a node of std's maps, of which two thirds are taken where nodes fill up in any order.
const NODE_PLACES: usize = 11;
/// What a node takes beside its places.
const NODE_BYTES: usize = 16;
/// What an allocator gives beyond what a short text asks for.
const TEXT_BYTES: usize = 8;

/// About how many bytes a state takes, itself not included.
pub fn bytes(state: &State) -> usize {
    let months = state.months.values().map(month).sum::<usize>();
    let orders = state.orders.values().map(order).sum::<usize>();
    core(&state.core) + map(&state.months) + months + map(&state.orders) + orders
}

fn core(core: &Core) -> usize {
    let places = core.first.iter().chain(&core.last).map(place).sum::<usize>();
    let names = core.traits.keys().chain(core.consents.keys()).map(|name| text(name)).sum::<usize>();
    let values = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, |value| value.len() + TEXT_BYTES);
    let traits = core.traits.values().map(|slot| register(slot, values)).sum::<usize>();
    let consents = core.consents.values().map(|slot| register(slot, |_| 0)).sum::<usize>();
    let accumulators = core.accumulators.values().map(accumulator).sum::<usize>();
    let maps = map(&core.traits) + map(&core.consents) + map(&core.accumulators);
    places + names + traits + consents + accumulators + maps
}

fn accumulator(accumulator: &Accumulator) -> usize {
    match accumulator {
        Accumulator::Money(amounts) => map(&amounts.0),
        Accumulator::First(slot) | Accumulator::Last(slot) => register(slot, |held| text(held)),
        Accumulator::Means(means) => map(means) + means.keys().map(|name| text(name)).sum::<usize>(),
        Accumulator::Count(_) | Accumulator::Sum(_) | Accumulator::Earliest(_) | Accumulator::Latest(_) => 0,
    }
}

fn month(activity: &MonthActivity) -> usize {
    let tallies = activity.tallies.values();
    let tallies = tallies.map(|texts| map(texts) + texts.keys().map(|name| text(name)).sum::<usize>()).sum::<usize>();
    nodes(activity.days.len()) * (NODE_BYTES + NODE_PLACES * size_of::<i64>()) + map(&activity.tallies) + tallies
}

fn order(facts: &OrderFacts) -> usize {
    let reports = register(&facts.report, bought) + facts.lines.as_ref().map_or(0, bought);
    let places = register(&facts.lines_place, |place| text(&place.store) + text(&place.channel));
    let amounts = |refund: &NamedRefund| register(&refund.amounts, |amounts| map(&amounts.0));
    let named = facts.named.iter().map(|(id, refund)| text(id) + amounts(refund) + register(&refund.returned, |_| 0));
    let sums = map(&facts.refunds.amounts.0) + map(&facts.returns.amounts.0);
    reports + places + map(&facts.named) + named.sum::<usize>() + sums
}

fn bought(bought: &Bought) -> usize {
    let money =
        [&bought.gross, &bought.discounts, &bought.total].map(|amounts| map(&amounts.0)).into_iter().sum::<usize>();
    let of = |sums: &Amounts| map(&sums.0);
    let categories = bought.categories.iter().map(|(name, sums)| text(name) + of(&sums.total)).sum::<usize>();
    text(&bought.place.store) + text(&bought.place.channel) + money + map(&bought.categories) + categories
}

fn register<T>(slot: &Option<Register<T>>, value: impl Fn(&T) -> usize) -> usize {
    slot.as_ref().map_or(0, |held| place(&held.at) + value(&held.value))
}

fn place(place: &TotalOrder) -> usize {
    text(&place.source) + text(&place.message_id)
}

fn text(text: &str) -> usize {
    text.len() + TEXT_BYTES
}

fn map<K, V>(map: &BTreeMap<K, V>) -> usize {
    nodes(map.len()) * (NODE_BYTES + NODE_PLACES * (size_of::<K>() + size_of::<V>()))
}

fn nodes(entries: usize) -> usize {
    entries.div_ceil(NODE_PLACES * 2 / 3)
}
