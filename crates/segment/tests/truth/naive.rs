//! What conditions mean, word for word: every question is a scan over all deeds up to the instant. No caches, no deadlines.

use std::collections::BTreeMap;

use crate::{
    condition::{Condition, Limit, Set},
    deed::{DAY, Deed, START, What},
    zone::{self, Zone},
};

/// Whether a customer is in the outer segment at an instant.
pub(crate) fn truth(outer: &Condition, inner: &Condition, deeds: &[Deed], zone: &Zone, now: i64) -> bool {
    Scan { inner: Some(inner), deeds, zone, now }.holds(outer) == Some(true)
}

struct Scan<'a> {
    inner: Option<&'a Condition>,
    deeds: &'a [Deed],
    zone: &'a Zone,
    now: i64,
}

impl Scan<'_> {
    /// `None` where something is absent.
    fn holds(&self, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::And(left, right) => match (self.holds(left), self.holds(right)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Condition::Or(left, right) => match (self.holds(left), self.holds(right)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Condition::Not(part) => self.holds(part).map(|truth| !truth),
            Condition::Tier(tier) => self.tier().map(|held| held == *tier),
            Condition::HasTier => Some(self.tier().is_some()),
            Condition::Granted => self.past().iter().rev().find_map(|deed| match deed.what {
                What::Consent(granted) => Some(granted),
                _ => None,
            }),
            Condition::Count(set, count) => Some(self.of(set).len() >= *count as usize),
            Condition::None(set) => Some(self.of(set).is_empty()),
            Condition::Sum(set, euros) => Some(self.nets(set).iter().sum::<i64>() >= euros * 100),
            Condition::Average(set, euros) => {
                let nets = self.nets(set);
                let count = i64::try_from(nets.len()).unwrap();
                (count > 0).then(|| nets.iter().sum::<i64>() < euros * 100 * count)
            }
            Condition::Younger(set, age) => self.of(set).last().map(|deed| self.now - deed.at < *age),
            Condition::Since(set, age) => self.of(set).first().map(|deed| self.now - deed.at >= *age),
            Condition::LastStore(set, store) => {
                self.of(set).last().filter(|deed| deed.store != 0).map(|deed| deed.store == *store)
            }
            Condition::Stores(set, stores) => {
                let mut seen: Vec<u8> =
                    self.of(set).iter().map(|deed| deed.store).filter(|store| *store != 0).collect();
                seen.sort_unstable();
                seen.dedup();
                Some(seen.len() >= *stores as usize)
            }
            Condition::Favourite(set, store) => self.favourite(set).map(|favourite| favourite == *store),
            Condition::Sequence(first, gap, second, absent, third) => {
                Some(self.sequence(first, (*gap, second, *absent), third.as_ref()))
            }
            Condition::Orders(orders) => {
                let standing = self.orders().len();
                (standing > 0).then_some(standing >= *orders as usize)
            }
            Condition::Net(span, euros) => {
                let bought = self.orders().into_iter().filter(|(at, _)| self.now - at < *span);
                Some(bought.map(|(_, net)| net).sum::<i64>() >= euros * 100)
            }
            Condition::Hour(hour, zone) => {
                Some(zone.map_or(self.zone, |zone| &zone::ZONES[zone]).hour(self.now) >= *hour)
            }
            Condition::Date(ago, day) => Some(self.zone.date(self.now - ago).2 <= *day),
            Condition::LastDate(set, day) => self.of(set).last().map(|deed| self.zone.date(deed.at).2 <= *day),
            Condition::Anniversary(day, span) => Some(self.anniversary(START / DAY + day, *span)),
            Condition::Inner => {
                let inner = self.inner.unwrap();
                Some(Scan { inner: None, ..*self }.holds(inner) == Some(true))
            }
        }
    }

    fn past(&self) -> Vec<&Deed> {
        self.deeds.iter().filter(|deed| deed.at <= self.now).collect()
    }

    fn of(&self, set: &Set) -> Vec<&Deed> {
        let mut kept = self.past();
        kept.retain(|deed| set.kind.is_empty() || deed.kind() == set.kind);
        kept.retain(|deed| set.store.is_none_or(|store| deed.store == store));
        kept.retain(|deed| self.within(set.limit, deed.at));
        kept
    }

    fn within(&self, limit: Limit, at: i64) -> bool {
        let age = self.now - at;
        match limit {
            Limit::Life => true,
            Limit::Within(span) => age < span,
            Limit::OlderThan(span) => age >= span,
            Limit::Between(older, within) => age >= older && age < within,
            Limit::Today => self.zone.day(at) == self.zone.day(self.now),
            // The first of January 1970 was a Thursday.
            Limit::ThisWeek => (self.zone.day(at) + 3).div_euclid(7) == (self.zone.day(self.now) + 3).div_euclid(7),
            Limit::LastMonth => self.month(at) == self.month(self.now) - 1,
        }
    }

    /// Months counted through the years.
    fn month(&self, at: i64) -> i64 {
        let (year, month, _) = self.zone.date(at);
        year * 12 + month
    }

    /// Whether a day of this month and day of the month, in whichever year, has begun or does within a span, and is not over.
    fn anniversary(&self, of: i64, span: i64) -> bool {
        let (_, month, day) = zone::date(of);
        let near = self.zone.day(self.now) - 1..self.zone.day(self.now + span) + 2;
        let mut days = near.filter(|near| {
            let (_, own_month, own_day) = zone::date(*near);
            (own_month, own_day) == (month, day)
        });
        days.any(|day| self.zone.start(day) - span <= self.now && self.now < self.zone.start(day + 1))
    }

    fn tier(&self) -> Option<u8> {
        self.past().iter().rev().find_map(|deed| match deed.what {
            What::Tier(tier) => Some(tier),
            _ => None,
        })
    }

    fn nets(&self, set: &Set) -> Vec<i64> {
        let net = |deed: &&Deed| match deed.what {
            What::Bought(_, cents) => Some(cents),
            What::Refunded(_, cents) => Some(-cents),
            _ => None,
        };
        self.of(set).iter().filter_map(net).collect()
    }

    fn favourite(&self, set: &Set) -> Option<u8> {
        let stores: Vec<u8> = self.of(set).iter().map(|deed| deed.store).filter(|store| *store != 0).collect();
        let count = |store: u8| stores.iter().filter(|other| **other == store).count();
        (1..=2).rev().filter(|store| count(*store) > 0).max_by_key(|store| count(*store))
    }

    /// Instants and nets of the orders that stand: the total of the last report, from the first report on, less refunds.
    fn orders(&self) -> Vec<(i64, i64)> {
        let mut totals: BTreeMap<u8, (i64, i64)> = BTreeMap::new();
        for deed in self.past() {
            if let What::Bought(order, cents) = deed.what {
                let first = totals.get(&order).map_or(deed.at, |(first, _)| *first);
                totals.insert(order, (first, cents));
            }
        }
        for deed in self.past() {
            match deed.what {
                What::Refunded(order, cents) => {
                    totals.entry(order).and_modify(|(_, total)| *total -= cents).or_default()
                }
                What::Cancelled(order) => totals.entry(order).and_modify(|(first, _)| *first = i64::MIN).or_default(),
                _ => continue,
            };
        }
        let bought = |order: u8| self.past().iter().any(|deed| matches!(deed.what, What::Bought(id, _) if id == order));
        totals
            .into_iter()
            .filter(|(order, (first, _))| *first != i64::MIN && bought(*order))
            .map(|(_, held)| held)
            .collect()
    }

    /// Tries every first deed with every second and every third.
    fn sequence(&self, first: &Set, (gap, second, absent): (i64, &Set, bool), third: Option<&(i64, Set)>) -> bool {
        let after = |anchor: &Anchor, deed: &Deed| match anchor.deed {
            Some(place) => self.place(deed) > place,
            None => deed.at > anchor.at,
        };
        let reached: Vec<Anchor> = self
            .of(first)
            .into_iter()
            .flat_map(|start| {
                let anchor = Anchor { at: start.at, deed: Some(self.place(start)) };
                let second = self.of(second);
                let inside: Vec<&&Deed> =
                    second.iter().filter(|deed| after(&anchor, deed) && deed.at - start.at <= gap).collect();
                if !absent {
                    return inside.iter().map(|deed| Anchor { at: deed.at, deed: Some(self.place(deed)) }).collect();
                }
                let over = inside.is_empty() && start.at + gap <= self.now;
                if over { vec![Anchor { at: start.at + gap, deed: None }] } else { Vec::new() }
            })
            .collect();
        let Some((gap, third)) = third else { return !reached.is_empty() };
        let third = self.of(third);
        reached.iter().any(|anchor| third.iter().any(|deed| after(anchor, deed) && deed.at - anchor.at <= *gap))
    }

    fn place(&self, deed: &Deed) -> usize {
        self.deeds.iter().position(|other| std::ptr::eq(other, deed)).unwrap()
    }
}

struct Anchor {
    at: i64,
    /// Place of a deed; none for the end of a gap.
    deed: Option<usize>,
}
