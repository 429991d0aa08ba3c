//! Running a subject in a process of its own and reading what it cost: its own count of heap allocations, or callgrind's count of
//! instructions.
//!
//! Callgrind translates the program instruction by instruction: what it counts does not depend on the load of the machine, and hardly on the
//! machine, as it shows the program no AVX-512 to choose.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::subject::{self, Length, STEADY, Subject};

/// Names a folder in which what was counted is kept, to look closer.
const KEEP: &str = "PATRON_COST_KEEP";

/// How to look closer, for who reads that a bound is passed.
pub(crate) const CLOSER: &str = "To see where: PATRON_COST_KEEP=/tmp/cost ./dev test -- -p patron-tests --test cost keeps callgrind's counts. \
     callgrind_annotate --inclusive=yes /tmp/cost/the_projector_takes_no_more_instructions/Projector.Steady.callgrind sorts functions by what \
     they cost with all that they call; with --tree=caller it says who calls __rust_alloc and __rust_realloc how often. What only starts is in \
     Projector.Warm.callgrind too.";

/// Heap allocations a touchpoint.
pub(crate) fn allocations(subject: Subject, test: &str) -> f64 {
    a_touchpoint(test, |dir, length| {
        run(Command::new(this()), subject, length, test, dir);
        let noted = fs::read_to_string(subject::noted(dir, length)).expect("the subject noted its allocations");
        noted.parse().expect("a number")
    })
}

/// Instructions a touchpoint.
pub(crate) fn instructions(subject: Subject, test: &str) -> f64 {
    let version = Command::new("valgrind").arg("--version").output();
    assert!(
        version.is_ok_and(|output| output.status.success()),
        "NOTHING WAS MEASURED: there is no valgrind on this machine. ./dev test installs it on Debian and Ubuntu; elsewhere install it, or \
         leave this test out knowingly: cargo test -- --skip instructions"
    );
    a_touchpoint(test, |dir, length| {
        let counts = dir.join(format!("{subject:?}.{length:?}.callgrind"));
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--quiet", "--tool=callgrind"])
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(this());
        run(valgrind, subject, length, test, dir);
        total(&fs::read_to_string(&counts).expect("callgrind's counts"))
    })
}

/// The difference between the two lengths, for each touchpoint more.
fn a_touchpoint(test: &str, mut cost: impl FnMut(&Path, Length) -> u64) -> f64 {
    let temporary = tempfile::tempdir().expect("a folder");
    let dir = env::var_os(KEEP).map_or_else(|| temporary.path().to_owned(), |kept| PathBuf::from(kept).join(test));
    if dir != temporary.path() && dir.exists() {
        fs::remove_dir_all(&dir).expect("what was kept before can go");
    }
    subject::prepare(&dir);
    let (warm, steady) = (cost(&dir, Length::Warm), cost(&dir, Length::Steady));
    assert!(steady > warm, "more touchpoints cost less: {steady} against {warm}");
    (steady - warm) as f64 / STEADY as f64
}

/// This test binary again, with the one test that does what the environment asks for.
fn run(mut command: Command, subject: Subject, length: Length, test: &str, dir: &Path) {
    command.args(["--exact", test, "--test-threads=1"]).envs(subject::environment(subject, length, dir));
    let output = command.output().expect("the test binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
}

fn this() -> PathBuf {
    env::current_exe().expect("a test binary")
}

/// The sum that callgrind writes below its counts.
fn total(counts: &str) -> u64 {
    let sum = counts.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    sum.and_then(|sum| sum.trim().parse().ok()).expect("callgrind's counts end with a sum of instructions")
}
