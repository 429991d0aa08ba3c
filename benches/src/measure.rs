//! Times a piece of work: one pass to warm up, then several, of which the median, the least and the most are kept.
//!
//! Two clocks run: the wall's, and the processor time of this thread alone. Where they differ, the thread waited: for the
//! disk, for RocksDB's own threads, or for another program. Work that is spread over threads has the processor time of all of them.

use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use crate::threads::process_nanos;

/// What one primitive costs.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The primitive.
    pub name: String,
    /// Wall time per operation, in nanoseconds.
    pub wall: Spread,
    /// Median processor time per operation, in nanoseconds: of this thread, or of all where the work is spread over several.
    pub cpu_nanos: f64,
    /// What else was seen: sizes, hits.
    pub remark: String,
}

/// Median, least and most of several passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Figure {
    /// Adds a remark.
    #[must_use]
    pub fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = remark.into();
        self
    }
}

/// Times `work`, which does `operations` operations a pass, in `passes` passes after one to warm up.
pub fn measure(name: &str, passes: usize, operations: u64, mut work: impl FnMut()) -> Figure {
    measure_prepared(name, passes, operations, || (), |()| work())
}

/// Like `measure`, with a preparation before each pass that is not timed.
pub fn measure_prepared<T>(
    name: &str,
    passes: usize,
    operations: u64,
    prepare: impl FnMut() -> T,
    work: impl FnMut(T),
) -> Figure {
    by_clock(thread_nanos, name, passes, operations, prepare, work)
}

/// Like `measure_prepared`, with the processor time of all threads of this process.
pub fn measure_spread<T>(
    name: &str,
    passes: usize,
    operations: u64,
    prepare: impl FnMut() -> T,
    work: impl FnMut(T),
) -> Figure {
    by_clock(process_nanos, name, passes, operations, prepare, work)
}

fn by_clock<T>(
    clock: fn() -> f64,
    name: &str,
    passes: usize,
    operations: u64,
    mut prepare: impl FnMut() -> T,
    mut work: impl FnMut(T),
) -> Figure {
    let (mut walls, mut cpus) = (Vec::new(), Vec::new());
    for pass in 0..=passes {
        let input = prepare();
        let (wall, cpu) = time_by(clock, || work(input));
        if pass > 0 {
            walls.push(wall / operations as f64);
            cpus.push(cpu / operations as f64);
        }
    }
    Figure { name: name.to_owned(), wall: spread(walls), cpu_nanos: spread(cpus).median, remark: String::new() }
}

/// Wall and processor nanoseconds of one run.
pub(crate) fn time(work: impl FnOnce()) -> (f64, f64) {
    time_by(thread_nanos, work)
}

fn time_by(clock: fn() -> f64, work: impl FnOnce()) -> (f64, f64) {
    let (start, cpu_start) = (Instant::now(), clock());
    work();
    (start.elapsed().as_nanos() as f64, clock() - cpu_start)
}

fn thread_nanos() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// Median, least and most; zeros of nothing.
pub(crate) fn spread(mut values: Vec<f64>) -> Spread {
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (values.first(), values.last()) else { return Spread::default() };
    Spread { median: values[values.len() / 2], least: *least, most: *most }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_an_odd_number() {
        let spread = spread(vec![3.0, 1.0, 2.0]);
        assert_eq!((spread.least, spread.median, spread.most), (1.0, 2.0, 3.0));
    }

    #[test]
    fn one_pass_more_than_asked_warms_up() {
        let mut runs = 0;
        measure("count", 3, 1, || runs += 1);
        assert_eq!(runs, 4);
    }
}
