//! Instants and lengths of time that may move with `now`: `now - duration("10m")`, `now - t.occurred_at`.

use std::cmp::Ordering;

/// Microseconds that grow by `slope` for each microsecond that passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Its value at the instant of evaluation.
    pub micros: i64,
    /// How it moves: 0 stands still, 1 with the clock, -1 against it.
    pub slope: i8,
}

impl Moving {
    /// One that stands still.
    pub fn fixed(micros: i64) -> Self {
        Self { micros, slope: 0 }
    }

    /// The sum; held at the bounds of 64 bits.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { micros: self.micros.saturating_add(other.micros), slope: self.slope.saturating_add(other.slope) }
    }

    /// The difference; held at the bounds of 64 bits.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self { micros: self.micros.saturating_sub(other.micros), slope: self.slope.saturating_sub(other.slope) }
    }

    /// How two compare now, and in how many microseconds that can change at the earliest; `None` for never.
    pub fn compare(self, other: Self) -> (Ordering, Option<i64>) {
        let difference = i128::from(self.micros) - i128::from(other.micros);
        let slope = i128::from(self.slope) - i128::from(other.slope);
        let order = difference.cmp(&0);
        let towards = difference.signum() * slope.signum();
        let steps = match towards {
            -1 => Some(difference.abs() / slope.abs()),
            0 if difference == 0 && slope != 0 => Some(0),
            _ => None,
        };
        // At the crossing they are equal, one microsecond later they are past it; before it nothing changes.
        let soonest = steps.map(|steps| i64::try_from(steps.max(1)).unwrap_or(i64::MAX));
        (order, soonest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What was said to be the soonest change is not late.
        #[test]
        fn no_change_before_the_soonest(
            left in -50_i64..50, right in -50_i64..50, left_slope in -1_i8..=1, right_slope in -1_i8..=1,
        ) {
            let at = |micros: i64, slope: i8, later: i64| Moving { micros: micros + i64::from(slope) * later, slope };
            let (order, soonest) = at(left, left_slope, 0).compare(at(right, right_slope, 0));
            for later in 0..soonest.unwrap_or(300).min(300) {
                let (then, _) = at(left, left_slope, later).compare(at(right, right_slope, later));
                prop_assert_eq!(then, order, "after {}", later);
            }
        }
    }
}
