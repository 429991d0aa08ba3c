//! Time zones as naively as can be: on which Sundays clocks are moved, written out, and days counted one by one. So it is not the
//! computation, nor the rules, that are tested.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use crate::deed::{DAY, START};

const MINUTE: i64 = 60_000_000;
/// Years whose moves are written out; those who look ahead from one anniversary to the next come far.
const YEARS: std::ops::Range<i64> = 2026..2045;

/// A zone from December 2025 on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    /// Minutes that its clocks are ahead of UTC to begin with.
    ahead: i64,
    /// When they are moved each year.
    rules: &'static [Rule],
}

/// On the first Sunday from a month and day on, so many minutes after midnight UTC, clocks are put to so many ahead.
#[derive(Clone, Copy, Debug)]
struct Rule {
    from: (i64, i64),
    minute: i64,
    ahead: i64,
}

const fn rule(from: (i64, i64), minute: i64, ahead: i64) -> Rule {
    Rule { from, minute, ahead }
}

/// UTC; clocks that are put forward in the night, and at midnight; half an hour beside the others, with summer time in the south, and without any;
/// clocks that are put back at midnight.
pub(crate) const ZONES: [Zone; 6] = [
    Zone { name: "UTC", ahead: 0, rules: &[] },
    Zone { name: "Europe/Berlin", ahead: 60, rules: &[rule((3, 25), 60, 120), rule((10, 25), 60, 60)] },
    Zone { name: "Asia/Beirut", ahead: 120, rules: &[rule((3, 25), -120, 180), rule((10, 25), -180, 120)] },
    Zone { name: "Australia/Adelaide", ahead: 630, rules: &[rule((4, 1), -450, 570), rule((10, 1), -450, 630)] },
    Zone { name: "Asia/Kolkata", ahead: 330, rules: &[] },
    Zone { name: "America/Santiago", ahead: -180, rules: &[rule((4, 2), 180, -240), rule((9, 2), 240, -180)] },
];

/// Instants at which the clocks of each zone are moved, and how many minutes they are ahead from then on.
static MOVES: LazyLock<BTreeMap<&str, Vec<(i64, i64)>>> = LazyLock::new(|| {
    let first = |(month, day)| move |year| (FIRST..).find(|at| date(*at) == (year, month, day)).unwrap();
    let sunday = |from: i64| (from..).find(|day| (day + 3) % 7 == 6).unwrap();
    let of_rule = |rule: &Rule| {
        let (minute, ahead) = (rule.minute, rule.ahead);
        YEARS.map(first(rule.from)).map(move |from| (sunday(from) * DAY + minute * MINUTE, ahead)).collect::<Vec<_>>()
    };
    let of_zone = |zone: &Zone| {
        let mut moves: Vec<(i64, i64)> = zone.rules.iter().flat_map(of_rule).collect();
        moves.sort_unstable();
        (zone.name, moves)
    };
    ZONES.iter().map(of_zone).collect()
});

impl Zone {
    fn moves(&self) -> &'static [(i64, i64)] {
        &MOVES[self.name]
    }

    /// What its clocks show, in microseconds as if they showed UTC.
    fn shown(&self, at: i64) -> i64 {
        let moved = self.moves().partition_point(|(moved, _)| *moved <= at);
        let last = moved.checked_sub(1).map(|last| self.moves()[last].1);
        at + last.unwrap_or(self.ahead) * MINUTE
    }

    /// Days since 1970 by its clocks.
    pub(crate) fn day(&self, at: i64) -> i64 {
        self.shown(at).div_euclid(DAY)
    }

    pub(crate) fn hour(&self, at: i64) -> i64 {
        self.shown(at).rem_euclid(DAY) / (60 * MINUTE)
    }

    /// Year, month and day of the month, each as people count them.
    pub(crate) fn date(&self, at: i64) -> (i64, i64, i64) {
        date(self.day(at))
    }

    /// The first instant of a day.
    pub(crate) fn start(&self, day: i64) -> i64 {
        let first = |at: &i64| self.day(*at) == day && self.day(at - 1) != day;
        self.instants(day).into_iter().filter(first).min().unwrap()
    }

    /// Instants at which a day may begin, whichever way its clocks have been moved.
    fn instants(&self, day: i64) -> Vec<i64> {
        let ahead = std::iter::once(self.ahead).chain(self.rules.iter().map(|rule| rule.ahead));
        let midnights = ahead.map(|ahead| day * DAY - ahead * MINUTE);
        let moves = self.moves().iter().map(|(moved, _)| *moved);
        midnights.chain(moves.filter(|moved| (moved / DAY - day).abs() <= 1)).collect()
    }

    /// All instants at which something of the calendar may change, forty days before the deeds and a year after.
    pub(crate) fn turns(&self) -> BTreeSet<i64> {
        (START / DAY - 40..START / DAY + 400).flat_map(|day| self.instants(day)).collect()
    }
}

/// 1 January 2025, before which nothing happens here, in days since 1970.
const FIRST: i64 = 20_089;

/// The date of a day since 1970, by counting years and months.
pub(crate) fn date(day: i64) -> (i64, i64, i64) {
    assert!(day >= FIRST);
    let (mut day, mut year, mut month) = (day - FIRST, 2025, 1);
    loop {
        let leap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
        let length = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if day < length {
            return (year, month, day + 1);
        }
        day -= length;
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
}
