//! One customer as expressions see it: the merged state, and touchpoints where a program needs them.
//!
//! A touchpoint may be dated after `now`; then the state as of `now` is folded anew from the touchpoints up to it.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use expr::{Element, Filter, OrderView, Subject, Value, element, moving::Moving};
use profile::{Fact, OrderFacts, State, activity::Dimension, view};
use prost::Message;
use types::{Amounts, ExactSum, HashKey, Micros};

use crate::facets::Facets;

mod narrowed;

pub(crate) use narrowed::Narrowed;

/// A customer to evaluate segments of.
#[derive(Debug)]
pub struct Customer {
    state: Rc<AsOf>,
    newest: Option<Micros>,
    touchpoints: Vec<Element>,
    /// Places of the touchpoints of each kind, once one is asked for.
    places: OnceCell<BTreeMap<String, Vec<usize>>>,
    /// Places of those that a filter keeps, for each that was asked for.
    filtered: RefCell<BTreeMap<Filter, Rc<[usize]>>>,
    /// What touchpoints touch, from a place on: the first behind the instant that was asked about first.
    touched: OnceCell<(usize, Vec<Facets>)>,
    namespaces: BTreeSet<String>,
    hash_key: HashKey,
    /// States as of instants before the newest touchpoint, by the number of touchpoints in them.
    earlier: RefCell<BTreeMap<usize, Rc<AsOf>>>,
}

/// Most earlier states that are kept: one evaluation asks for one instant, and the next mostly for a later one.
const EARLIER_MAX: usize = 4;

#[derive(Debug)]
struct AsOf {
    state: State,
    metrics: OnceCell<BTreeMap<String, Value>>,
    orders: OnceCell<Arc<[OrderView]>>,
}

impl Customer {
    /// A customer of its merged state, its touchpoints in the total order, and the namespaces of its identifiers. Touchpoints that
    /// no program reaches may be left out, unless it is evaluated at instants that `touchpoints_needed` names; so may months and
    /// orders where no program reads the whole profile.
    pub fn new(state: State, touchpoints: Vec<Element>, namespaces: BTreeSet<String>, hash_key: HashKey) -> Self {
        let newest = state.core.last.as_ref().map(|last| last.occurred_at);
        let state = Rc::new(AsOf::new(state));
        let (places, touched) = (OnceCell::new(), OnceCell::new());
        let (filtered, earlier) = (RefCell::default(), RefCell::default());
        Self { state, newest, touchpoints, places, filtered, touched, namespaces, hash_key, earlier }
    }

    /// A customer folded from its touchpoints alone.
    pub fn of_touchpoints(touchpoints: Vec<Element>, namespaces: BTreeSet<String>, hash_key: HashKey) -> Self {
        let mut state = State::default();
        fold(&mut state, &touchpoints, &hash_key);
        Self::new(state, touchpoints, namespaces, hash_key)
    }

    /// Whether all touchpoints have to be loaded whatever programs ask for: some lie after `now`, so the state is folded anew.
    pub fn touchpoints_needed(state: &State, now: Micros) -> bool {
        state.core.last.as_ref().is_some_and(|last| last.occurred_at > now)
    }

    /// The first occurred_at after an instant of a touchpoint that touches some of this; it may be early.
    pub(crate) fn next_touching(&self, facets: Facets, now: Micros) -> Option<Micros> {
        let past = self.past(now);
        let touched = || {
            let ahead = self.touchpoints.iter().skip(past);
            (past, ahead.map(|element| Facets::of_touchpoint(&element.touchpoint)).collect())
        };
        let (first, touched) = self.touched.get_or_init(touched);
        let Some(ahead) = past.checked_sub(*first) else { return self.next_after(now) };
        let behind = touched.iter().skip(ahead).position(|touched| touched.meet(facets));
        behind.and_then(|behind| self.touchpoints.get(past + behind)).map(|element| element.occurred_at)
    }

    /// Those of its touchpoints that occurred at an instant or later.
    pub(crate) fn since(&self, instant: Micros) -> &[Element] {
        let before = self.touchpoints.partition_point(|one| one.occurred_at < instant);
        self.touchpoints.get(before..).unwrap_or_default()
    }

    /// How many touchpoints there are up to an instant.
    fn past(&self, now: Micros) -> usize {
        self.touchpoints.partition_point(|one| one.occurred_at <= now)
    }

    fn as_of(&self, now: Micros) -> Rc<AsOf> {
        if self.newest.is_none_or(|newest| newest <= now) {
            return Rc::clone(&self.state);
        }
        let past = self.past(now);
        if let Some(known) = self.earlier.borrow().get(&past) {
            return Rc::clone(known);
        }
        let (from, mut state) = match self.earlier.borrow().range(..past).next_back() {
            Some((from, known)) => (*from, known.state.clone()),
            None => (0, State::default()),
        };
        fold(&mut state, self.touchpoints.get(from..past).unwrap_or_default(), &self.hash_key);
        let fresh = Rc::new(AsOf::new(state));
        let mut earlier = self.earlier.borrow_mut();
        if earlier.len() >= EARLIER_MAX {
            earlier.pop_first();
        }
        earlier.insert(past, Rc::clone(&fresh));
        fresh
    }
}

impl Subject for Customer {
    fn touchpoints(&self) -> &[Element] {
        &self.touchpoints
    }

    fn places(&self, kind: &str) -> &[usize] {
        let places = self.places.get_or_init(|| {
            let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (place, element) in self.touchpoints.iter().enumerate() {
                match places.get_mut(&element.touchpoint.kind) {
                    Some(of_kind) => of_kind.push(place),
                    None => drop(places.insert(element.touchpoint.kind.clone(), vec![place])),
                }
            }
            places
        });
        places.get(kind).map_or(&[], Vec::as_slice)
    }

    fn filtered(&self, filter: &Filter, find: &mut dyn FnMut() -> Vec<usize>) -> Rc<[usize]> {
        if let Some(known) = self.filtered.borrow().get(filter) {
            return Rc::clone(known);
        }
        let found: Rc<[usize]> = find().into();
        self.filtered.borrow_mut().insert(filter.clone(), Rc::clone(&found));
        found
    }

    fn count_of(&self, kinds: &BTreeSet<String>, now: Micros) -> usize {
        let as_of = self.as_of(now);
        let months = as_of.state.months.values();
        let tallies = months.filter_map(|month| month.tallies.get(&Dimension::Kind)).flatten();
        let of_kind = tallies.filter(|(kind, _)| kinds.is_empty() || kinds.contains(*kind));
        of_kind.map(|(_, tally)| usize::try_from(tally.count).unwrap_or(usize::MAX)).sum()
    }

    fn orders(&self, now: Micros) -> Arc<[OrderView]> {
        Arc::clone(self.as_of(now).orders())
    }

    fn trait_value(&self, name: &str, now: Micros) -> Value {
        let as_of = self.as_of(now);
        let register = as_of.state.core.traits.get(name).and_then(Option::as_ref);
        let encoded = register.and_then(|register| register.value.as_deref());
        let decoded = encoded.and_then(|encoded| prost_types::Value::decode(encoded).ok());
        decoded.map_or(Value::Absent, |value| element::of_value(&value))
    }

    fn consent(&self, purpose: &str, now: Micros) -> Option<bool> {
        let as_of = self.as_of(now);
        as_of.state.core.consents.get(purpose).and_then(Option::as_ref).map(|register| register.value)
    }

    fn metric(&self, name: &str, now: Micros) -> Value {
        self.as_of(now).metrics().get(name).cloned().unwrap_or(Value::Absent)
    }

    fn namespaces(&self) -> &BTreeSet<String> {
        &self.namespaces
    }

    fn latest(&self, now: Micros) -> Option<Micros> {
        self.as_of(now).state.core.last.as_ref().map(|last| last.occurred_at)
    }

    fn next_after(&self, now: Micros) -> Option<Micros> {
        self.touchpoints.get(self.past(now)).map(|next| next.occurred_at)
    }
}

impl AsOf {
    fn new(state: State) -> Self {
        Self { state, metrics: OnceCell::new(), orders: OnceCell::new() }
    }

    fn metrics(&self) -> &BTreeMap<String, Value> {
        let metrics = || view::metrics(&self.state).into_iter().map(|(name, value)| (name, of_metric(value))).collect();
        self.metrics.get_or_init(metrics)
    }

    fn orders(&self) -> &Arc<[OrderView]> {
        self.orders.get_or_init(|| {
            let orders = self.state.orders.iter().filter_map(|(key, facts)| order_view(key.0, facts));
            let mut orders: Vec<OrderView> = orders.collect();
            orders.sort_by_key(|order| (order.occurred_at, order.key));
            orders.into()
        })
    }
}

fn fold(state: &mut State, touchpoints: &[Element], hash_key: &HashKey) {
    for one in touchpoints {
        state.add(&Fact::new(&one.touchpoint, one.content), hash_key);
    }
}

fn order_view(key: [u8; 16], facts: &OrderFacts) -> Option<OrderView> {
    let standing = facts.standing()?;
    let (refunds, returns) = facts.given_back();
    let mut net = standing.bought.total.clone();
    net.subtract_all(&refunds.amounts);
    net.subtract_all(&returns.amounts);
    Some(OrderView {
        key,
        occurred_at: standing.at,
        total: standing.bought.total.clone(),
        net,
        units: standing.bought.units,
        store: standing.place.store.clone(),
        channel: standing.place.channel.clone(),
        categories: standing.bought.categories.keys().cloned().collect(),
    })
}

/// A metric of the view as a value of the language: money by currency code, lengths of time as durations.
fn of_metric(value: view::Value) -> Value {
    match value {
        view::Value::Count(count) => Value::Number(ExactSum(i128::from(count) * 1_000_000_000_000)),
        view::Value::Decimal(number) => Value::Number(number),
        view::Value::Money(amounts) => of_money(&amounts),
        view::Value::Instant(at) => Value::of_instant(at),
        view::Value::Seconds(seconds) => {
            Value::Span(Moving::fixed(i64::try_from(seconds.0 / 1_000_000).unwrap_or(i64::MAX)))
        }
        view::Value::Text(text) => Value::of_text(&text),
        view::Value::Breakdown(entries) => {
            Value::Map(Arc::new(entries.into_iter().map(|(key, value)| (key, of_metric(value))).collect()))
        }
    }
}

fn of_money(amounts: &Amounts) -> Value {
    let entries = amounts.0.iter().map(|(currency, sum)| (currency.code().to_owned(), Value::Number(*sum)));
    Value::Map(Arc::new(entries.collect()))
}
