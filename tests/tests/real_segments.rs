//! Segments over real retail data: the members are those that SQL finds in the raw file by DuckDB, which knows nothing of Patron.
//!
//! Each folder of `real_segments/` has the segments, the reading of the raw file (`raw.sql`), and one query a segment. Everything
//! that answers who is a member – lists, counts, checks, the feed – is held against the same sets of ids. Of Online Retail every
//! fifth customer is taken, with all that they did; with PATRON_REAL_SEGMENTS=whole it is the whole file.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use tests::{
    data, duckdb,
    process::{Server, wait_a_little},
};

/// Customers that are asked for one by one.
const CHECKED: usize = 50;
const CHANGES_WITHIN: Duration = Duration::from_secs(300);

/// Ids of the raw file's customers by segment.
type Members = BTreeMap<String, BTreeSet<String>>;

/// A data set, its segments, and the raw file.
struct Case {
    folder: PathBuf,
    raw: PathBuf,
    segments: Vec<String>,
}

impl Case {
    fn new(name: &str, raw: PathBuf) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real_segments").join(name);
        let written: toml::Table = fs::read_to_string(folder.join("segments.toml")).unwrap().parse().unwrap();
        let name = |segment: &toml::Value| segment["name"].as_str().unwrap().to_owned();
        let segments = written["segment"].as_array().unwrap().iter().map(name).collect();
        Self { folder, raw, segments }
    }

    fn sql(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{name}.sql"))).unwrap()
    }

    /// What SQL says at an instant (`1997-09-30T00:00:00Z`): all segments in one query, so that one can name another.
    fn expected(&self, at: &str) -> Members {
        let tables = self.segments.iter().map(|name| format!(",\n{name} AS (\n{})", self.sql(name)));
        let rows = self.segments.iter().map(|name| format!("SELECT '{name}' AS segment, customer FROM {name}"));
        let query = format!(
            "WITH {}{}\nSELECT segment, customer FROM ({})",
            self.sql("raw"),
            tables.collect::<String>(),
            rows.collect::<Vec<_>>().join(" UNION ALL ")
        );
        let query = query.replace("$raw", self.raw.to_str().unwrap()).replace("$now", at.trim_end_matches('Z'));
        let mut members: Members = self.segments.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
        for row in duckdb::ask(&self.folder, &query) {
            let [segment, customer] = row.try_into().unwrap();
            assert!(members.get_mut(&segment).unwrap().insert(customer), "{segment} names somebody twice");
        }
        members
    }

    /// A server by a fixed clock that holds the raw file and the segments.
    fn served(&self, dir: &Path, mapping: &str, clock: &str) -> Server {
        let clock = format!("fixed:{clock}");
        let environment = [("PATRON_SEGMENTS_CLOCK", clock.as_str()), ("PATRON_KINDS_CUSTOM", "stock_moved")];
        let server = Server::start_with(dir, &environment).unwrap();
        let mapping = format!("{}/mappings/{mapping}.toml", env!("CARGO_MANIFEST_DIR"));
        server.ask(&["import", "--mapping", &mapping, self.raw.to_str().unwrap()]);
        server.caught_up();
        server.ask(&["segment", "apply", self.folder.join("segments.toml").to_str().unwrap()]);
        server
    }
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap())
}

/// The id of a customer in the raw file.
fn raw_id(customer: &Value) -> String {
    let identifiers = customer["identifiers"].as_array().unwrap();
    let mut held = identifiers.iter().map(|one| &one["identifier"]);
    let user = held.find(|one| one["namespace"] == "user_id").unwrap();
    user["value"].as_str().unwrap().to_owned()
}

/// Members as they are listed; each of them once.
fn listed(server: &Server, segment: &str, as_of: &[&str]) -> BTreeSet<String> {
    let members = server.ask(&[&["segment", "members", segment, "--output", "ndjson"], as_of].concat());
    let mut all = BTreeSet::new();
    for member in lines(&members) {
        assert!(all.insert(raw_id(&member["customer"])), "{member} twice");
    }
    all
}

fn counted(server: &Server, segment: &str, as_of: &[&str]) -> usize {
    let counted = server.ask(&[&["segment", "count", segment, "--output", "json"], as_of].concat());
    let counted: Value = serde_json::from_str(&counted).unwrap();
    counted["count"].as_str().unwrap_or("0").parse().unwrap()
}

/// Members among some customers, by segment.
fn checked(server: &Server, customers: &[String], as_of: &[&str]) -> Members {
    let asked: Vec<String> = customers.iter().map(|id| format!("user_id:{id}")).collect();
    let mut arguments = vec!["segment", "check", "--output", "json"];
    arguments.extend(as_of);
    arguments.extend(asked.iter().map(String::as_str));
    let answer: Value = serde_json::from_str(&server.ask(&arguments)).unwrap();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), customers.len());
    let mut members = Members::new();
    for (customer, result) in customers.iter().zip(results) {
        for membership in result["memberships"].as_array().unwrap() {
            let of = members.entry(membership["segment"].as_str().unwrap().to_owned()).or_default();
            if membership["member"].as_bool().unwrap_or_default() {
                of.insert(customer.clone());
            }
        }
    }
    members
}

/// Raw ids by Patron's.
fn customers(server: &Server) -> BTreeMap<String, String> {
    let fields = ["--fields", "customer_id,identifiers", "--output", "ndjson"];
    let all = server.ask(&[&["customer", "list"], &fields[..]].concat());
    lines(&all).map(|customer| (customer["customerId"].as_str().unwrap().to_owned(), raw_id(&customer))).collect()
}

/// What the changes told so far come to; nobody enters or leaves twice.
fn replayed(server: &Server, names: &BTreeMap<String, String>) -> Members {
    let mut members = Members::new();
    for message in lines(&server.ask(&["segment", "watch", "--output", "ndjson"])) {
        let change = &message["change"];
        let Some(customer) = change["customerId"].as_str().and_then(|id| names.get(id)) else {
            assert!(change.is_null(), "of nobody known: {change}");
            continue;
        };
        let of = members.entry(change["segment"].as_str().unwrap().to_owned()).or_default();
        let entered = change["type"].as_str().unwrap().ends_with("ENTERED");
        assert!(if entered { of.insert(customer.clone()) } else { of.remove(customer) }, "twice: {change}");
    }
    members
}

/// Tells the first few ids in which two sets differ: whole sets are too long to read.
fn assert_same(found: &BTreeSet<String>, expected: &BTreeSet<String>, what: &str) {
    let few = |one: &BTreeSet<String>, other| one.difference(other).take(5).cloned().collect::<Vec<_>>();
    let (more, fewer) = (few(found, expected), few(expected, found));
    assert!(
        more.is_empty() && fewer.is_empty(),
        "{what}: {} found, {} expected; not expected {more:?}, not found {fewer:?}",
        found.len(),
        expected.len()
    );
}

/// Lists and checks at an instant are what SQL says.
fn assert_answers(server: &Server, expected: &Members, some: &[String], as_of: &[&str]) {
    let checked = checked(server, some, as_of);
    for (segment, members) in expected {
        let what = format!("{segment} {as_of:?}");
        assert_same(&listed(server, segment, as_of), members, &what);
        let of_some = some.iter().filter(|id| members.contains(*id)).cloned().collect();
        assert_same(&checked[segment], &of_some, &format!("{what}, checked"));
    }
}

/// Everything that answers, at the clock's instant and at others, against SQL over the raw file.
fn assert_equal_to_sql(case: &Case, mapping: &str, clock: &str, others: [&str; 2]) {
    let dir = tempfile::tempdir().unwrap();
    let server = case.served(dir.path(), mapping, clock);
    let names = customers(&server);
    let step = names.len() / CHECKED;
    let mut some: Vec<String> = names.values().cloned().collect();
    some.sort();
    let some: Vec<String> = some.into_iter().step_by(step).take(CHECKED).collect();
    assert_eq!(some.len(), CHECKED);

    let expected = case.expected(clock);
    assert!(
        expected.values().all(|members| !members.is_empty() && members.len() < names.len()),
        "{clock} tells little"
    );
    assert_answers(&server, &expected, &some, &[]);
    for (segment, members) in &expected {
        assert_eq!(counted(&server, segment, &[]), members.len(), "{segment}");
    }
    for at in others {
        let expected = case.expected(at);
        assert_answers(&server, &expected, &some, &["--as-of", at]);
        assert_eq!(counted(&server, "top_tenth", &["--as-of", at]), expected["top_tenth"].len());
    }
    let since = Instant::now();
    loop {
        let told = replayed(&server, &names);
        if told == expected || since.elapsed() > CHANGES_WITHIN {
            for (segment, members) in &expected {
                assert_same(told.get(segment).unwrap_or(&BTreeSet::new()), members, &format!("{segment}, told"));
            }
            return;
        }
        wait_a_little();
    }
}

#[test]
fn cdnow_members_are_those_of_sql() {
    let Some(raw) = data::file("cdnow/CDNOW_master.txt.gz") else { return };
    let case = Case::new("cdnow", raw);
    assert_equal_to_sql(&case, "cdnow", "1997-09-30T00:00:00Z", ["1997-02-15T00:00:00Z", "1998-06-30T12:00:00Z"]);
}

/// The rows of every fifth customer, as a file of the same form.
fn every_fifth_customer(raw: &Path, dir: &Path) -> PathBuf {
    let part = dir.join("every_fifth_customer.csv");
    let mut reader = csv::Reader::from_reader(MultiGzDecoder::new(File::open(raw).unwrap()));
    let mut writer = csv::Writer::from_path(&part).unwrap();
    writer.write_record(reader.headers().unwrap()).unwrap();
    for row in reader.into_records().map(Result::unwrap) {
        if row[6].trim_end_matches(".0").parse::<u32>().is_ok_and(|customer| customer.is_multiple_of(5)) {
            writer.write_record(&row).unwrap();
        }
    }
    writer.flush().unwrap();
    part
}

#[test]
fn online_retail_members_are_those_of_sql() {
    let Some(raw) = data::file("online_retail/online_retail_II_2009-2010.csv.gz") else { return };
    let dir = tempfile::tempdir().unwrap();
    let whole = std::env::var_os("PATRON_REAL_SEGMENTS").is_some_and(|asked| asked == "whole");
    let case = Case::new("online_retail", if whole { raw } else { every_fifth_customer(&raw, dir.path()) });
    assert_equal_to_sql(
        &case,
        "online-retail",
        "2010-12-09T20:01:00Z",
        ["2010-06-01T00:00:00Z", "2010-09-15T13:30:00Z"],
    );
}
