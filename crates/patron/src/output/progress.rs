//! How far a long command is: a bar on a terminal, a line every few seconds elsewhere. Always on standard error.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use super::to_stderr;

const LINE_EVERY: Duration = Duration::from_secs(5);

/// What the bar's length counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of files.
    Bytes,
    /// Touchpoints.
    Touchpoints,
}

/// A running command's progress.
pub struct Progress {
    bar: Option<ProgressBar>,
    unit: Unit,
    total: Option<u64>,
    begun: Instant,
    last_line: Instant,
    touchpoints: u64,
}

impl Progress {
    /// Begins; `total` is the length in units, if known.
    pub fn new(total: Option<u64>, unit: Unit) -> Self {
        let now = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| bar(total, unit));
        Self { bar, unit, total, begun: now, last_line: now, touchpoints: 0 }
    }

    /// `position` units are done, and `more` touchpoints.
    pub fn advance(&mut self, position: u64, more: u64) {
        self.touchpoints += more;
        let rate = self.rate();
        if let Some(bar) = &self.bar {
            bar.set_position(position);
            bar.set_message(format!("{} touchpoints, {}/s", HumanCount(self.touchpoints), HumanCount(rate)));
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let done = self.done(position);
            to_stderr(&format!("{done}{} touchpoints, {}/s", HumanCount(self.touchpoints), HumanCount(rate)));
        }
    }

    /// Says something without disturbing the bar.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| to_stderr(line)),
            None => to_stderr(line),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Seconds since the beginning.
    pub fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Touchpoints a second since the beginning.
    pub fn rate(&self) -> u64 {
        per_second(self.touchpoints, self.seconds())
    }

    fn done(&self, position: u64) -> String {
        match (self.total, self.unit) {
            (Some(total), _) if total > 0 => format!("{:3}%  ", position.saturating_mul(100) / total),
            (_, Unit::Bytes) => format!("{}  ", HumanBytes(position)),
            _ => String::new(),
        }
    }
}

/// A rate, cut to a whole number.
pub fn per_second(count: u64, seconds: f64) -> u64 {
    let millis = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default().as_millis().max(1);
    u64::try_from(u128::from(count) * 1_000 / millis).unwrap_or(u64::MAX)
}

fn bar(total: Option<u64>, unit: Unit) -> ProgressBar {
    let template = match (total, unit) {
        (Some(_), Unit::Bytes) => "{bar:30} {bytes}/{total_bytes} {eta}  {msg}",
        (Some(_), Unit::Touchpoints) => "{bar:30} {percent}% {eta}  {msg}",
        (None, _) => "{spinner} {elapsed}  {msg}",
    };
    let style = ProgressStyle::with_template(template).expect("the templates are constants that a test draws");
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.set_style(style);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid() {
        for (total, unit) in [(Some(1), Unit::Bytes), (Some(1), Unit::Touchpoints), (None, Unit::Bytes)] {
            bar(total, unit).finish_and_clear();
        }
    }

    #[test]
    fn rates() {
        assert_eq!(per_second(1_000, 0.5), 2_000);
        assert_eq!(per_second(0, 0.0), 0);
    }
}
