//! Time zones as naively as can be: written-out instants at which clocks are moved, and nothing else. What they show is counted
//! from these alone, so that it is not the same computation as that which is tested.

use std::collections::BTreeSet;

use crate::deed::{DAY, START};

const MINUTE: i64 = 60_000_000;
const SECOND: i64 = 1_000_000;

/// A zone from December 2025 to August 2027.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    /// Minutes that its clocks are ahead of UTC to begin with.
    ahead: i64,
    /// Seconds since 1970 at which they are moved, and how many minutes they are ahead from then on.
    moves: &'static [(i64, i64)],
}

/// UTC; clocks that are put forward at midnight; half an hour beside the others, with summer time in the south, and without any;
/// clocks that are put back at midnight.
pub(crate) const ZONES: [Zone; 5] = [
    Zone { name: "UTC", ahead: 0, moves: &[] },
    Zone {
        name: "Asia/Beirut",
        ahead: 120,
        moves: &[(1_774_735_200, 180), (1_792_875_600, 120), (1_806_184_800, 180)],
    },
    Zone {
        name: "Australia/Adelaide",
        ahead: 630,
        moves: &[(1_775_320_200, 570), (1_791_045_000, 630), (1_806_769_800, 570)],
    },
    Zone { name: "Asia/Kolkata", ahead: 330, moves: &[] },
    Zone {
        name: "America/Santiago",
        ahead: -180,
        moves: &[(1_775_358_000, -240), (1_788_667_200, -180), (1_806_807_600, -240)],
    },
];

impl Zone {
    /// What its clocks show, in microseconds as if they showed UTC.
    fn shown(&self, at: i64) -> i64 {
        let last = self.moves.iter().rev().find(|(moved, _)| moved * SECOND <= at);
        at + last.map_or(self.ahead, |(_, ahead)| *ahead) * MINUTE
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
        let ahead = std::iter::once(self.ahead).chain(self.moves.iter().map(|(_, ahead)| *ahead));
        let midnights = ahead.map(|ahead| day * DAY - ahead * MINUTE);
        midnights.chain(self.moves.iter().map(|(moved, _)| moved * SECOND)).collect()
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
