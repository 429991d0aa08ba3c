//! DuckDB, as an analyst runs it over exported files: in the Python that `./dev` sets up.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Runs the query of standard input; each value as text, as DuckDB itself writes it.
const SCRIPT: &str = "\
import duckdb, json, sys
connection = duckdb.connect(config={'autoinstall_known_extensions': 'false'})
connection.execute(\"SET TimeZone = 'UTC'\")
connection.execute('SET enable_progress_bar = false')
rows = connection.sql(f'SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({sys.stdin.read()})').fetchall()
json.dump(rows, sys.stdout)
";

const REMEDY: &str = "PATRON_TEST_PYTHON must name a Python, 3.11 or newer, that has the package duckdb: `./dev test` and `./dev test -- ARGS` \
     set one up; without them, make one by `python3 -m venv ENV`, `ENV/bin/pip install duckdb`, and name ENV/bin/python";

/// The rows of a query over the files of a folder, which is where paths begin; `-` for no value. An order must be asked for
/// in the query's last step.
pub fn ask(dir: &Path, query: &str) -> Vec<Vec<String>> {
    let mut asked = Command::new(python());
    asked.args(["-c", SCRIPT]).current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut asked = asked.spawn().expect("Python runs");
    asked.stdin.take().expect("piped").write_all(query.as_bytes()).expect("Python reads");
    let answer = asked.wait_with_output().expect("Python ends");
    let complaints = String::from_utf8_lossy(&answer.stderr);
    assert!(!complaints.contains("No module named 'duckdb'"), "{REMEDY}");
    assert!(answer.status.success(), "{query}: {complaints}");
    let rows: Vec<Vec<Option<String>>> = serde_json::from_slice(&answer.stdout).expect("the script prints JSON");
    let shown = |row: Vec<Option<String>>| row.into_iter().map(|value| value.unwrap_or_else(|| "-".into())).collect();
    rows.into_iter().map(shown).collect()
}

/// The only row of a query.
pub fn one(dir: &Path, query: &str) -> Vec<String> {
    let mut rows = ask(dir, query);
    assert_eq!(rows.len(), 1, "{query}: {rows:?}");
    rows.remove(0)
}

fn python() -> PathBuf {
    let named = std::env::var_os("PATRON_TEST_PYTHON").map(PathBuf::from);
    named.expect(REMEDY)
}
