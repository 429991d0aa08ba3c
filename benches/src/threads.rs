//! Processor time of this process, whole and by the names of its threads.

use std::collections::BTreeMap;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

/// Processor nanoseconds of all threads of this process, those that ended too.
pub fn process_nanos() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// Processor nanoseconds of the threads that live, summed by name (Linux).
///
/// # Errors
/// Where there is no `/proc`.
pub fn by_name() -> Result<BTreeMap<String, f64>> {
    let mut nanos = BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task")? {
        let folder = thread?.path();
        let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let spent: f64 = read("schedstat").split(' ').next().and_then(|text| text.parse().ok()).unwrap_or_default();
        *nanos.entry(read("comm").trim().to_owned()).or_default() += spent;
    }
    Ok(nanos)
}

/// Those of the projector: the thread that reads the journal, and the one that folds.
pub fn of_projector(nanos: &BTreeMap<String, f64>) -> f64 {
    nanos.iter().filter(|(name, _)| name.starts_with("projector")).map(|(_, nanos)| nanos).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on() {
        assert!(process_nanos() > 0.0);
        assert!(by_name().unwrap().values().sum::<f64>() > 0.0);
    }
}
