//! Figures of whole runs: each run adds a value to each figure, and the median, the least and the most are printed.

use crate::measure::{Spread, spread};

/// Figures by name, in the order in which they were first noted.
#[derive(Clone, Debug, Default)]
pub struct Series {
    figures: Vec<(String, Vec<f64>)>,
}

impl Series {
    /// Adds one run's value.
    pub fn note(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        match self.figures.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => self.figures.push((name, vec![value])),
        }
    }

    /// A figure over all runs; zeros where it was never noted.
    pub fn spread(&self, name: &str) -> Spread {
        let values = self.figures.iter().find(|(known, _)| known == name).map(|(_, values)| values.clone());
        spread(values.unwrap_or_default())
    }

    /// Prints all figures as a Markdown table.
    pub fn print(&self, title: &str, note: &str) {
        println!("### {title}\n\n{note}\n\n| | median | least–most |\n|---|---:|---:|");
        for (name, values) in &self.figures {
            let Spread { median, least, most } = spread(values.clone());
            println!("| {name} | {} | {}–{} |", number(median), number(least), number(most));
        }
        println!();
    }
}

/// Three figures or so, and digits in groups of three.
fn number(value: f64) -> String {
    match value.abs() {
        small if small < 10.0 => format!("{value:.2}"),
        middling if middling < 1_000.0 => format!("{value:.1}"),
        _ => crate::table::group(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_keeps_the_values_of_all_runs() {
        let mut series = Series::default();
        [3.0, 1.0, 2.0].iter().for_each(|value| series.note("a", *value));
        let spread = series.spread("a");
        assert_eq!((spread.least, spread.median, spread.most), (1.0, 2.0, 3.0));
        assert_eq!(series.spread("b").median, 0.0);
    }

    #[test]
    fn numbers_as_texts() {
        assert_eq!([1.234, 56.78, 12_345.6].map(number), ["1.23", "56.8", "12,346"]);
    }
}
