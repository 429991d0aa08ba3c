//! The machine: disk, open files, memory, clock.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rustix::process::{Resource, getrlimit};

use super::{Finding, Verdict};
use crate::config::Config;

const GIB: u64 = 1 << 30;
/// Below this, a start is not worth it; below that, it will soon not be.
const FREE_BYTES: (u64, u64) = (GIB, 10 * GIB);
/// Writes that are timed.
const SYNCS: usize = 20;
/// A sync that is slower than this holds up every batch.
const SYNC_SLOW: Duration = Duration::from_millis(20);
/// Files that RocksDB keeps open, connections, and the journal's.
const OPEN_FILES: (u64, u64) = (2_048, 8_192);
/// What a process takes beside its configured caches and buffers.
const BASE_BYTES: u64 = 256 << 20;
/// 2026-01-01: no clock that is right is before it.
const BUILT_AFTER: Duration = Duration::from_secs(1_767_225_600);

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let dir = nearest(&config.data_dir);
    vec![clock(), space(&dir), sync_time(&dir), open_files(), memory(config)]
}

/// The directory, or the nearest above it that exists.
fn nearest(dir: &Path) -> PathBuf {
    let absolute = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    absolute.ancestors().find(|dir| dir.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

fn clock() -> Finding {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let shown = types::Micros(i64::try_from(now.as_micros()).unwrap_or(i64::MAX)).to_string();
    if now < BUILT_AFTER {
        let remedy = "set the clock, and keep it by NTP (systemd-timesyncd, chrony)";
        return Finding::new(Verdict::Bad, "clock", format!("{shown}: before this program was made"), remedy);
    }
    if !kept_in_time() {
        let found = format!("{shown}; no time service says that it keeps it");
        let remedy =
            "keep the clock by NTP (systemd-timesyncd, chrony): touchpoints far ahead of received_at are refused";
        return Finding::new(Verdict::Warning, "clock", found, remedy);
    }
    Finding::good("clock", format!("{shown}, kept by a time service"))
}

/// The marks that systemd-timesyncd, chrony and ntpd leave.
fn kept_in_time() -> bool {
    ["/run/systemd/timesync/synchronized", "/run/chrony/chronyd.pid", "/run/ntpd.pid"]
        .iter()
        .any(|mark| Path::new(mark).exists())
}

fn space(dir: &Path) -> Finding {
    let check = "disk space";
    let volume = match rustix::fs::statvfs(dir) {
        Ok(volume) => volume,
        Err(error) => {
            return Finding::new(
                Verdict::Bad,
                check,
                format!("{}: {error}", dir.display()),
                "choose a readable data_dir",
            );
        }
    };
    let free = volume.f_bavail.saturating_mul(volume.f_frsize);
    let found = format!("{:.1} GiB free in {}", free as f64 / GIB as f64, dir.display());
    let remedy = "make room or choose another data_dir: plan 0.3 GB of state and 0.3 GB of embedded journal a million touchpoints";
    match free {
        free if free < FREE_BYTES.0 => Finding::new(Verdict::Bad, check, found, remedy),
        free if free < FREE_BYTES.1 => Finding::new(Verdict::Warning, check, found, remedy),
        _ => Finding::good(check, found),
    }
}

fn sync_time(dir: &Path) -> Finding {
    let check = "disk sync";
    match median_sync(dir) {
        Err(error) => {
            let remedy = "let this user write to data_dir, or choose another";
            Finding::new(Verdict::Bad, check, format!("{}: {error}", dir.display()), remedy)
        }
        Ok(median) => {
            let found =
                format!("4 KiB in {:.1} ms (median of {SYNCS}) in {}", median.as_secs_f64() * 1e3, dir.display());
            let remedy = "use a faster disk: every batch waits for one; store.sync = false is safe for the state, which is \
                          folded again";
            if median > SYNC_SLOW {
                Finding::new(Verdict::Warning, check, found, remedy)
            } else {
                Finding::good(check, found)
            }
        }
    }
}

fn median_sync(dir: &Path) -> io::Result<Duration> {
    let path = dir.join(format!(".patron-doctor-{}", std::process::id()));
    let timed = time_syncs(&path);
    fs::remove_file(&path)?;
    let mut times = timed?;
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

fn time_syncs(path: &Path) -> io::Result<Vec<Duration>> {
    let mut file = File::create(path)?;
    let one = |_| {
        let began = Instant::now();
        file.write_all(&[0x5a; 4_096])?;
        file.sync_data()?;
        Ok(began.elapsed())
    };
    (0..SYNCS).map(one).collect()
}

fn open_files() -> Finding {
    let check = "open files";
    let Some(limit) = getrlimit(Resource::Nofile).current else { return Finding::good(check, "no limit") };
    let found = format!("{limit} allowed");
    let remedy = format!("allow {}: ulimit -n, or LimitNOFILE= of the systemd unit", OPEN_FILES.1);
    match limit {
        limit if limit < OPEN_FILES.0 => Finding::new(Verdict::Bad, check, found, remedy),
        limit if limit < OPEN_FILES.1 => Finding::new(Verdict::Warning, check, found, remedy),
        _ => Finding::good(check, found),
    }
}

fn memory(config: &Config) -> Finding {
    let check = "memory";
    let Some(limit) = memory_limit() else { return Finding::good(check, "the system does not say how much there is") };
    let ahead = if config.kafka.brokers.is_empty() { 0 } else { config.kafka.prefetch_bytes_max };
    let ahead = ahead.saturating_mul(config.journal.partitions as usize);
    let settings = [config.kept_bytes(), config.journal.pending_bytes_max, ahead];
    let needed = settings.iter().fold(BASE_BYTES, |sum, bytes| sum.saturating_add(*bytes as u64));
    let mib = |bytes: u64| bytes >> 20;
    let found = format!("settings take up to {} MiB of {} MiB", mib(needed), mib(limit));
    let remedy = "lower memory_bytes, journal.pending_bytes_max or kafka.prefetch_bytes_max (a partition), or allow the process \
                  more memory";
    match needed {
        needed if needed > limit => Finding::new(Verdict::Bad, check, found, remedy),
        needed if needed > limit / 4 * 3 => Finding::new(Verdict::Warning, check, found, remedy),
        _ => Finding::good(check, found),
    }
}

/// What the machine has, or the control group allows, whichever is less.
fn memory_limit() -> Option<u64> {
    let of_machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kib| kib << 10)
    });
    let of_group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    [of_machine, of_group].into_iter().flatten().min()
}
