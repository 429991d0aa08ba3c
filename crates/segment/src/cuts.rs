//! Cuts of the population: the value that a customer must reach to be at or above a percentile.

use types::ExactSum;

const ONE: i128 = 1_000_000_000_000;

/// The cut of a population's values at a part from 0 to 1: the value with floor(part × n) values before it in ascending
/// order (nearest rank). Whoever has at least the cut is in, so ties are all in, and at least (1 − part) of the population
/// is; `None` for an empty population.
pub fn cut(mut values: Vec<ExactSum>, part: ExactSum) -> Option<ExactSum> {
    let count = i128::try_from(values.len()).ok().filter(|count| *count > 0)?;
    let rank = (part.0.clamp(0, ONE) * count / ONE).min(count - 1);
    let (_, cut, _) = values.select_nth_unstable(usize::try_from(rank).ok()?);
    Some(*cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_of(values: &[i128], part: i128) -> Option<i128> {
        cut(values.iter().map(|value| ExactSum(*value)).collect(), ExactSum(part * ONE / 100)).map(|cut| cut.0)
    }

    #[test]
    fn ties_are_all_in() {
        let ten: Vec<i128> = (1..=10).rev().collect();
        assert_eq!(cut_of(&ten, 90), Some(10));
        assert_eq!(cut_of(&ten, 0), Some(1));
        assert_eq!(cut_of(&ten, 100), Some(10));
        assert_eq!(cut_of(&[5, 5, 5, 1], 50), Some(5));
        assert_eq!(cut_of(&[1, 2, 3], 34), Some(2));
        assert_eq!(cut_of(&[], 50), None);
    }
}
