//! Scans of columns: five conditions over numbers that lie one after the other, into a bitmap of the rows that meet them.

use std::{hint::black_box, path::Path};

use anyhow::{Result, ensure};
use rand::RngExt;
use roaring::RoaringBitmap;

use crate::{
    measure::{Figure, measure},
    plan::Plan,
    sample,
    table::{Section, group},
};

/// Rows whose bits make a word.
const WORD: usize = 64;

/// What is known of each customer: three whole numbers and two fractions.
struct Columns {
    orders: Vec<i64>,
    net: Vec<i64>,
    last_at: Vec<i64>,
    score: Vec<f64>,
    share: Vec<f64>,
}

/// All figures of this group.
///
/// # Errors
/// Two ways that find different rows.
pub fn section(plan: &Plan, _: &Path) -> Result<Section> {
    let rows = plan.rows().next_multiple_of(WORD);
    let columns = Columns::of(rows);
    let [words, row_by_row] = [fused(&columns), branched(&columns)];
    ensure!(words == row_by_row && words == bitmap_by_bitmap(&columns), "the ways find different rows");
    let found: u64 = words.iter().map(|word| u64::from(word.count_ones())).sum();
    ensure!(bitmap(&words).len() == found, "the bitmap holds other rows");
    let note = format!(
        "{} rows, three columns of i64 and two of f64; one operation is one row. Five conditions hold for {} of them.",
        group(rows as f64),
        group(found as f64)
    );
    Ok(Section { title: "Column scans", note, figures: figures(plan, &columns, &words) })
}

fn figures(plan: &Plan, columns: &Columns, words: &[u64]) -> Vec<Figure> {
    let rows = columns.orders.len() as u64;
    let row = |name: &str, mut scan: Box<dyn FnMut() -> u64 + '_>| {
        measure(name, plan.passes(), rows, || {
            black_box(scan());
        })
    };
    let c = columns;
    let last = |words: Vec<u64>| black_box(words).last().copied().unwrap_or_default();
    vec![
        row("one condition of i64, into words", Box::new(|| last(one(black_box(&c.orders), |v| v >= 3)))),
        row("one condition of f64, into words", Box::new(|| last(one(black_box(&c.score), |v| v < 0.5)))),
        row("five conditions, a word at a time", Box::new(|| last(fused(black_box(c))))),
        row("five conditions, words for each, then AND", Box::new(|| last(bitmap_by_bitmap(black_box(c))))),
        row("five conditions, row by row", Box::new(|| last(branched(black_box(c))))),
        row("five conditions, counted alone", Box::new(|| count(black_box(c)))),
        row("words into a roaring bitmap", Box::new(|| bitmap(black_box(words)).len())),
        row(
            "five conditions, a word at a time, into a roaring bitmap",
            Box::new(|| bitmap(&fused(black_box(c))).len()),
        ),
    ]
}

impl Columns {
    fn of(rows: usize) -> Self {
        let mut random = sample::random(80);
        let mut whole = |below: i64| (0..rows).map(|_| random.random_range(0..below)).collect();
        let (orders, net, last_at) = (whole(12), whole(1_000_000), whole(365 * 86_400));
        let mut random = sample::random(81);
        let mut fraction = || (0..rows).map(|_| random.random::<f64>()).collect();
        Self { orders, net, last_at, score: fraction(), share: fraction() }
    }

    fn holds(&self, row: usize) -> bool {
        self.orders[row] >= 3
            && self.net[row] > 250_000
            && self.last_at[row] >= 180 * 86_400
            && self.score[row] < 0.5
            && self.share[row] >= 0.25
    }
}

/// One bit a row, the first row lowest.
fn one<T: Copy>(column: &[T], holds: impl Fn(T) -> bool) -> Vec<u64> {
    column.chunks_exact(WORD).map(|values| word(values, &holds)).collect()
}

fn word<T: Copy>(values: &[T], holds: impl Fn(T) -> bool) -> u64 {
    values.iter().enumerate().fold(0, |word, (bit, value)| word | u64::from(holds(*value)) << bit)
}

fn words(columns: &Columns) -> impl Iterator<Item = u64> + '_ {
    let whole =
        columns.orders.chunks_exact(WORD).zip(columns.net.chunks_exact(WORD)).zip(columns.last_at.chunks_exact(WORD));
    let fractions = columns.score.chunks_exact(WORD).zip(columns.share.chunks_exact(WORD));
    whole.zip(fractions).map(|(((orders, net), last_at), (score, share))| {
        word(orders, |v| v >= 3)
            & word(net, |v| v > 250_000)
            & word(last_at, |v| v >= 180 * 86_400)
            & word(score, |v| v < 0.5)
            & word(share, |v| v >= 0.25)
    })
}

fn fused(columns: &Columns) -> Vec<u64> {
    words(columns).collect()
}

fn count(columns: &Columns) -> u64 {
    words(columns).map(|word| u64::from(word.count_ones())).sum()
}

fn bitmap_by_bitmap(columns: &Columns) -> Vec<u64> {
    let mut found = one(&columns.orders, |v| v >= 3);
    for other in [
        one(&columns.net, |v| v > 250_000),
        one(&columns.last_at, |v| v >= 180 * 86_400),
        one(&columns.score, |v| v < 0.5),
        one(&columns.share, |v| v >= 0.25),
    ] {
        found.iter_mut().zip(other).for_each(|(word, other)| *word &= other);
    }
    found
}

fn branched(columns: &Columns) -> Vec<u64> {
    let mut found = vec![0; columns.orders.len() / WORD];
    (0..columns.orders.len()).filter(|row| columns.holds(*row)).for_each(|row| found[row / WORD] |= 1 << (row % WORD));
    found
}

fn bitmap(words: &[u64]) -> RoaringBitmap {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    RoaringBitmap::from_lsb0_bytes(0, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_the_first_row_lowest() {
        let column: Vec<i64> = (0..WORD as i64).collect();
        assert_eq!(one(&column, |value| value == 0 || value == 63), [1 | 1 << 63]);
    }
}
