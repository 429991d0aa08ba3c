//! Random conditions, in a form of their own that is written out as an expression.

use std::fmt;

use proptest::prelude::*;

use crate::{
    deed::{DAY, HOUR, START},
    zone::{self, ZONES},
};

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    /// The trait `tier`.
    Tier(u8),
    HasTier,
    Granted,
    /// At least so many.
    Count(Set, u32),
    None(Set),
    /// Sum of `t.net`, at least so many euros.
    Sum(Set, i64),
    /// Average of `t.net`, below so many euros.
    Average(Set, i64),
    /// The last one is younger than a span.
    Younger(Set, i64),
    /// So much time since the first one.
    Since(Set, i64),
    LastStore(Set, u8),
    Stores(Set, u32),
    Favourite(Set, u8),
    /// First, gap, second, whether that is to be absent; then perhaps gap and third.
    Sequence(Set, i64, Set, bool, Option<(i64, Set)>),
    Orders(u32),
    /// Net of orders bought within a span, at least so many euros.
    Net(i64, i64),
    /// The hour of now by the clocks of the calendar's zone, or of one of `ZONES`, is at least so much.
    Hour(i64, Option<usize>),
    /// The day of the month some time ago is at most so much.
    Date(i64, i64),
    /// The day of the month of the last one is at most so much.
    LastDate(Set, i64),
    /// An anniversary of a day so long after the start of the deeds is at most so far ahead.
    Anniversary(i64, i64),
    Inner,
}

/// A set of touchpoints.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) kind: &'static str,
    pub(crate) store: Option<u8>,
    pub(crate) limit: Limit,
}

/// Its limit in time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Life,
    Within(i64),
    OlderThan(i64),
    Between(i64, i64),
    Today,
    ThisWeek,
    LastMonth,
}

fn any_span() -> impl Strategy<Value = i64> {
    prop_oneof![Just(2 * HOUR), Just(DAY), (1..40_i64).prop_map(|days| days * DAY), 1..3 * DAY]
}

fn any_set() -> impl Strategy<Value = Set> {
    let kind = prop::sample::select(vec!["order_completed", "order_refunded", "product_added", "zone_entered", ""]);
    let limit = prop_oneof![
        2 => Just(Limit::Life),
        3 => any_span().prop_map(Limit::Within),
        1 => any_span().prop_map(Limit::OlderThan),
        1 => (any_span(), any_span()).prop_map(|(older, within)| Limit::Between(older, within)),
        1 => Just(Limit::Today),
        1 => Just(Limit::ThisWeek),
        1 => Just(Limit::LastMonth),
    ];
    (kind, prop::option::weighted(0.3, 1..3_u8), limit).prop_map(|(kind, store, limit)| Set { kind, store, limit })
}

/// Any condition; it may name the segment `inner` if that is allowed.
pub(crate) fn any_condition(inner: bool) -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        (0..3_u8).prop_map(Condition::Tier),
        Just(Condition::HasTier),
        Just(Condition::Granted),
        (any_set(), 1..3_u32).prop_map(|(set, count)| Condition::Count(set, count)),
        any_set().prop_map(Condition::None),
        (any_set(), -10..90_i64).prop_map(|(set, euros)| Condition::Sum(set, euros)),
        (any_set(), 0..90_i64).prop_map(|(set, euros)| Condition::Average(set, euros)),
        (any_set(), any_span()).prop_map(|(set, span)| Condition::Younger(set, span)),
        (any_set(), any_span()).prop_map(|(set, span)| Condition::Since(set, span)),
        (any_set(), 1..3_u8).prop_map(|(set, store)| Condition::LastStore(set, store)),
        (any_set(), 1..3_u32).prop_map(|(set, stores)| Condition::Stores(set, stores)),
        (any_set(), 1..3_u8).prop_map(|(set, store)| Condition::Favourite(set, store)),
        (any_set(), any_span(), any_set(), any::<bool>(), prop::option::of((any_span(), any_set())))
            .prop_map(|(first, gap, second, absent, third)| Condition::Sequence(first, gap, second, absent, third)),
        (1..3_u32).prop_map(Condition::Orders),
        (any_span(), -10..90_i64).prop_map(|(span, euros)| Condition::Net(span, euros)),
        (0..24_i64, prop::option::of(0..ZONES.len())).prop_map(|(hour, zone)| Condition::Hour(hour, zone)),
        (any_span(), 1..31_i64).prop_map(|(ago, day)| Condition::Date(ago, day)),
        (any_set(), 1..31_i64).prop_map(|(set, day)| Condition::LastDate(set, day)),
        (0..90_i64, any_span()).prop_map(|(day, span)| Condition::Anniversary(day, span)),
        if inner { Just(Condition::Inner).boxed() } else { Just(Condition::Granted).boxed() },
    ];
    leaf.prop_recursive(3, 8, 2, |part| {
        let pair = (part.clone(), part.clone());
        prop_oneof![
            pair.clone().prop_map(|(left, right)| Condition::And(Box::new(left), Box::new(right))),
            pair.prop_map(|(left, right)| Condition::Or(Box::new(left), Box::new(right))),
            part.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

impl Condition {
    /// Every length of time that it names.
    pub(crate) fn each_span(&self, each: &mut impl FnMut(i64)) {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.each_span(each);
                right.each_span(each);
            }
            Self::Not(part) => part.each_span(each),
            Self::Count(set, _) | Self::None(set) | Self::Sum(set, _) | Self::Average(set, _) => set.each_span(each),
            Self::LastStore(set, _) | Self::Stores(set, _) | Self::Favourite(set, _) | Self::LastDate(set, _) => {
                set.each_span(each);
            }
            Self::Younger(set, span) | Self::Since(set, span) => {
                each(*span);
                set.each_span(each);
            }
            Self::Sequence(first, gap, second, _, third) => {
                each(*gap);
                first.each_span(each);
                second.each_span(each);
                if let Some((gap, set)) = third {
                    each(*gap);
                    set.each_span(each);
                }
            }
            Self::Net(span, _) | Self::Date(span, _) | Self::Anniversary(_, span) => each(*span),
            Self::Tier(_) | Self::HasTier | Self::Granted | Self::Orders(_) | Self::Hour(..) | Self::Inner => {}
        }
    }
}

impl Set {
    fn each_span(&self, each: &mut impl FnMut(i64)) {
        match self.limit {
            Limit::Within(span) | Limit::OlderThan(span) => each(span),
            Limit::Between(older, within) => {
                each(older);
                each(within);
            }
            Limit::Life | Limit::Today | Limit::ThisWeek | Limit::LastMonth => {}
        }
    }
}

fn span(micros: i64) -> String {
    format!("\"{}\"", expr::span::to_text(micros))
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(left, right) => write!(out, "({left} && {right})"),
            Self::Or(left, right) => write!(out, "({left} || {right})"),
            Self::Not(part) => write!(out, "!({part})"),
            Self::Tier(tier) => write!(out, "traits.tier == 'tier{tier}'"),
            Self::HasTier => write!(out, "has(traits.tier)"),
            Self::Granted => write!(out, "consents.email == 'granted'"),
            Self::Count(set, count) => write!(out, "{set}.count() >= {count}"),
            Self::None(set) => write!(out, "{set}.count() == 0"),
            Self::Sum(set, euros) => write!(out, "{set}.sum(t, t.net) >= {euros}"),
            Self::Average(set, euros) => write!(out, "{set}.avg(t, t.net) < {euros}.0"),
            Self::Younger(set, age) => write!(out, "{set}.last().occurred_at > now - duration({})", span(*age)),
            Self::Since(set, age) => write!(out, "now - {set}.first().occurred_at >= duration({})", span(*age)),
            Self::LastStore(set, store) => write!(out, "{set}.last().store == 's{store}'"),
            Self::Stores(set, stores) => write!(out, "{set}.distinct(t, t.store) >= {stores}u"),
            Self::Favourite(set, store) => write!(out, "{set}.most_frequent(t, t.store) in ['s{store}']"),
            Self::Sequence(first, gap, second, absent, third) => {
                let second = if *absent { format!("not({second})") } else { second.to_string() };
                let third = third.as_ref().map(|(gap, set)| format!(", {}, {set}", span(*gap))).unwrap_or_default();
                write!(out, "sequence({first}, {}, {second}{third})", span(*gap))
            }
            Self::Orders(orders) => write!(out, "metrics.orders >= {orders}"),
            Self::Net(within, euros) => write!(out, "net({}) >= {euros}", span(*within)),
            Self::Hour(hour, None) => write!(out, "now.getHours() >= {hour}"),
            Self::Hour(hour, Some(zone)) => write!(out, "now.getHours('{}') >= {hour}", ZONES[*zone].name),
            Self::Date(ago, day) => write!(out, "(now - duration({})).getDate() <= {day}", span(*ago)),
            Self::LastDate(set, day) => write!(out, "{set}.last().occurred_at.getDate() <= {day}"),
            Self::Anniversary(day, ahead) => {
                let (_, month, day) = zone::date(START / DAY + day);
                write!(out, "anniversary('1990-{month:02}-{day:02}', {})", span(*ahead))
            }
            Self::Inner => write!(out, "segment('inner')"),
        }
    }
}

impl fmt::Display for Set {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            "" => write!(out, "touchpoints()")?,
            kind => write!(out, "touchpoints('{kind}')")?,
        }
        match self.store {
            None => {}
            Some(1) => write!(out, ".where(t, t.store == 's1')")?,
            Some(store) => write!(out, ".where(t, t.store in ['s{store}', 'elsewhere'])")?,
        }
        match self.limit {
            Limit::Life => Ok(()),
            Limit::Within(within) => write!(out, ".within({})", span(within)),
            Limit::OlderThan(older) => write!(out, ".older_than({})", span(older)),
            Limit::Between(older, within) => write!(out, ".older_than({}).within({})", span(older), span(within)),
            Limit::Today => write!(out, ".in_current('day')"),
            Limit::ThisWeek => write!(out, ".in_current('week')"),
            Limit::LastMonth => write!(out, ".in_previous('month')"),
        }
    }
}
