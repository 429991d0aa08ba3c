//! What is fed: rows of two real shops and a generated chain, as lines of touchpoints in three orders.

use std::path::{Path, PathBuf};

use patron::{
    generate::{Generator, Settings},
    import::{self, Mapped, Mapping},
};
use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use tests::{data, kafka::mapping};
use types::{Micros, record::Touchpoint};

/// The order in which lines are fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// As they come.
    Straight,
    /// In any order.
    Shuffled,
    /// Each one to five times, in any order.
    Copied,
}

/// A file of touchpoints.
pub(crate) struct Feed {
    pub(crate) path: PathBuf,
    pub(crate) lines: u64,
}

/// A number that an environment variable may raise or lower.
pub(crate) fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// All touchpoints: CDNOW's sample, the first rows of Online Retail, a generated chain of 20,000 customers.
pub(crate) fn touchpoints() -> Vec<Touchpoint> {
    let mut touchpoints = real("cdnow-sample", "cdnow/CDNOW_sample.txt", u64::MAX);
    let retail = number("PATRON_MATRIX_RETAIL_ROWS", 10_000);
    touchpoints.extend(real("online-retail", "online_retail/online_retail_II_2009-2010.csv.gz", retail));
    touchpoints.extend(generated(number("PATRON_MATRIX_TOUCHPOINTS", 100_000)));
    touchpoints
}

fn generated(touchpoints: u64) -> Generator {
    let start = Micros::parse_rfc3339("2026-03-01T00:00:00Z").unwrap();
    let settings = Settings { seed: 31, customers: 20_000, touchpoints, start, days: 31, uniform: true };
    Generator::new(settings).unwrap()
}

/// The first rows of a data set; nothing, and said so, where it is absent.
fn real(mapping_name: &str, file: &str, rows: u64) -> Vec<Touchpoint> {
    let Some(path) = data::file(file) else { return Vec::new() };
    let mapping = Mapping::open(Path::new(&mapping(mapping_name))).unwrap();
    let mut touchpoints = Vec::new();
    // Breaking off is an error to the reader.
    let _broken_off = import::read(&[path], Some(&mapping), |_, mapped| {
        if touchpoints.len() as u64 == rows {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let Mapped::Touchpoint(touchpoint) = mapped else { panic!("each row of {file} is a touchpoint") };
        touchpoints.push(*touchpoint);
        Ok(())
    });
    assert!(!touchpoints.is_empty(), "{file} has rows");
    touchpoints
}

/// Writes the lines in an order, the same in every run.
pub(crate) fn write(lines: &[String], order: Order, dir: &Path) -> Feed {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut fed: Vec<&String> = Vec::with_capacity(lines.len());
    for line in lines {
        let times = if order == Order::Copied { rng.random_range(1..=5) } else { 1 };
        fed.extend(std::iter::repeat_n(line, times));
    }
    if order != Order::Straight {
        fed.shuffle(&mut rng);
    }
    let path = dir.join(format!("{order:?}.ndjson"));
    std::fs::write(&path, fed.iter().map(|line| line.as_str()).collect::<String>()).unwrap();
    Feed { path, lines: fed.len() as u64 }
}
