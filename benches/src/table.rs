//! Prints figures as Markdown, each beside the ratio to the first figure of the whole run: the decoding of one touchpoint.

use crate::measure::Figure;

/// A named group of figures.
#[derive(Clone, Debug)]
pub struct Section {
    /// Heading.
    pub title: &'static str,
    /// What a reader must know to read the figures.
    pub note: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

/// Prints one section; `unit` is the figure that ratios are given against. Of a section without figures the note says why.
pub fn print(section: &Section, unit: &Figure) {
    println!("### {}\n\n{}\n", section.title, section.note);
    if section.figures.is_empty() {
        return;
    }
    println!("| primitive | ns/op | min–max | op/s | × decode | CPU ns/op | × decode, CPU | remark |");
    println!("|---|---:|---:|---:|---:|---:|---:|---|");
    for figure in &section.figures {
        println!("{}", row(figure, unit));
    }
    println!();
}

fn row(figure: &Figure, unit: &Figure) -> String {
    let wall = figure.wall;
    format!(
        "| {} | {} | {}–{} | {} | {:.2} | {} | {:.2} | {} |",
        figure.name,
        nanos(wall.median),
        nanos(wall.least),
        nanos(wall.most),
        rate(1e9 / wall.median),
        wall.median / unit.wall.median,
        nanos(figure.cpu_nanos),
        figure.cpu_nanos / unit.cpu_nanos,
        figure.remark,
    )
}

pub(crate) fn nanos(value: f64) -> String {
    match value {
        tiny if tiny < 1.0 => format!("{tiny:.3}"),
        small if small < 100.0 => format!("{small:.1}"),
        _ => group(value),
    }
}

pub(crate) fn rate(per_second: f64) -> String {
    match per_second {
        value if value >= 1e6 => format!("{:.2} M", value / 1e6),
        value if value >= 1e4 => format!("{:.0} k", value / 1e3),
        value => format!("{value:.0}"),
    }
}

/// Digits in groups of three: `1,234,567`.
pub(crate) fn group(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_texts() {
        assert_eq!((nanos(1_234_567.4), nanos(12.34)), ("1,234,567".to_owned(), "12.3".to_owned()));
        assert_eq!((rate(2_500_000.0), rate(45_600.0), rate(812.3)), ("2.50 M".into(), "46 k".into(), "812".into()));
    }
}
