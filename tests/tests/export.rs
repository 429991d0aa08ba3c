//! `patron export`: what analysts compute from the files is what was published and what the services answer, the manifest bounds
//! every row, and what was broken off is no export.
#![cfg(test)]

#[path = "export/fields.rs"]
mod fields;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use patron::{client::Server as Connection, export::Manifest};
use proto::customer::ExportRequest;
use serde_json::Value;
use tests::{
    client::{connect, publish},
    data, duckdb,
    export::{assert_sealed, export},
    feeding,
    process::{Server, command, serving},
    touchpoints::{identifier_of, touchpoint},
};
use tonic::Code;
use tonic_types::StatusExt as _;
use types::record::{Position, Touchpoint};

/// The applied offsets, as the status has them.
fn applied(server: &Server) -> BTreeMap<u32, u64> {
    let status: Value = serde_json::from_str(&server.ask(&["status", "--output", "json"])).unwrap();
    let shard = |shard: &Value| {
        let partition = shard["partition"].as_u64().unwrap_or_default();
        let offset = shard["appliedOffset"].as_str().unwrap_or("0").parse().unwrap();
        (u32::try_from(partition).unwrap(), offset)
    };
    status["shards"].as_array().unwrap().iter().map(shard).collect()
}

/// Net by customer, as `ListCustomers` answers.
fn net_by_customer(server: &Server) -> Vec<Vec<String>> {
    let listed = server.ask(&[
        "customer",
        "list",
        "--include-receipts",
        "--output",
        "ndjson",
        "--fields",
        "customer_id,metrics.net",
    ]);
    let row = |line: &str| {
        let customer: Value = serde_json::from_str(line).unwrap();
        let net = &customer["metrics"]["net"]["money"]["amounts"][0];
        vec![
            customer["customerId"].as_str().unwrap().to_owned(),
            net["currencyCode"].as_str().unwrap().to_owned(),
            net["amount"].as_str().unwrap().to_owned(),
        ]
    };
    let mut rows: Vec<Vec<String>> = listed.lines().map(row).collect();
    rows.sort();
    rows
}

#[test]
fn cdnow_in_duckdb_is_what_was_published_and_what_the_services_answer() {
    let Some(path) = data::file("cdnow/CDNOW_master.txt.gz") else { return };
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let mapping = format!("{}/mappings/cdnow.toml", env!("CARGO_MANIFEST_DIR"));
    server.ask(&["import", "--mapping", &mapping, path.to_str().unwrap()]);
    server.caught_up();
    let (flat, lines) = (dir.path().join("parquet"), dir.path().join("ndjson"));
    for (to, form) in [(&flat, "parquet"), (&lines, "ndjson")] {
        let manifest = export(&server, to, &["--format", form]);
        assert_sealed(to, &manifest);
        assert_eq!(manifest.applied, applied(&server));
        assert_eq!((manifest.rows["customers"], manifest.rows["touchpoints"]), (23_570, 69_659));
    }
    let totals = "SELECT count(*), count(DISTINCT customer_id), sum(order_total), typeof(sum(order_total)), min(occurred_at) \
                  FROM 'touchpoints-*.parquet'";
    let published = ["69659", "23570", "2500315.630000", "DECIMAL(38,6)", "1997-01-01 00:00:00+00"];
    assert_eq!(duckdb::one(&flat, totals), published);
    assert_eq!(duckdb::one(&flat, "SELECT count(*), sum(quantity) FROM 'items-*.parquet'"), ["69659", "167881.000000"]);
    let totals = "SELECT count(*), sum((json->>'$.entry.touchpoint.order.total.amount')::DECIMAL(18,6)) \
                  FROM read_ndjson_objects('touchpoints-*.ndjson')";
    assert_eq!(duckdb::one(&lines, totals), ["69659", "2500315.630000"]);

    let net = "SELECT customer_id, currency_code, value::DECIMAL(38,2) FROM 'metrics-*.parquet' WHERE metric = 'net' ORDER BY ALL";
    let answered = net_by_customer(&server);
    assert_eq!(duckdb::ask(&flat, net), answered);
    let net = "SELECT json->>'$.customerId', json->>'$.metrics.net.money.amounts[0].currencyCode', \
               json->>'$.metrics.net.money.amounts[0].amount' FROM read_ndjson_objects('customers-*.ndjson') ORDER BY ALL";
    assert_eq!(duckdb::ask(&lines, net), answered);
    // The same from the raw touchpoints of each customer.
    let summed = "SELECT customer_id, order_currency_code, sum(order_total)::DECIMAL(38,2) FROM 'customers-*.parquet' \
                  JOIN 'touchpoints-*.parquet' USING (customer_id) GROUP BY ALL ORDER BY ALL";
    assert_eq!(duckdb::ask(&flat, summed), answered);
    let unequal = "SELECT count(*) FROM (SELECT any_value(touchpoint_count) = count(kind) AND \
                   any_value(last_touchpoint_at) = max(occurred_at) AS fits FROM 'customers-*.parquet' \
                   LEFT JOIN 'touchpoints-*.parquet' USING (customer_id) GROUP BY customer_id) WHERE NOT fits";
    assert_eq!(duckdb::one(&flat, unequal), ["0"]);
    let held = "SELECT count(*), count(DISTINCT value), any_value(namespace) FROM 'identifiers-*.parquet'";
    assert_eq!(duckdb::one(&flat, held), ["23570", "23570", "user_id"]);
}

/// Publishes touchpoints, each once, until told that it is enough; some name two people, so that customers merge all the time.
async fn publish_on(connection: Connection, enough: Arc<AtomicBool>) -> u64 {
    let mut published = 0;
    while !enough.load(Ordering::Relaxed) {
        let one = |number: u64| {
            let second = 1_772_323_200 + i64::try_from(number).unwrap();
            let mut one =
                touchpoint("page_viewed", &format!("m{number}"), second, &format!("user_id:u{}", number % 997));
            if number.is_multiple_of(50) {
                one.identifiers.push(identifier_of(&format!("email:e{}@shop.test.eu", number % 331)));
            }
            one
        };
        let batch: Vec<Touchpoint> = (published..published + 200).map(one).collect();
        published += batch.len() as u64;
        publish(&connection, batch).await.expect("the server takes them");
    }
    published
}

/// That an export holds exactly the offsets below its manifest's, and customers that fit their timelines.
fn assert_bounded(dir: &Path, manifest: &Manifest) {
    let rows = duckdb::ask(
        dir,
        "SELECT journal_partition, count(*), count(DISTINCT journal_offset), min(journal_offset), max(journal_offset) \
         FROM 'touchpoints-*.parquet' GROUP BY ALL ORDER BY 1::INT",
    );
    let expected = manifest.applied.iter().filter(|(_, end)| **end > 0).map(|(partition, end)| {
        let (end, last) = (end.to_string(), (end - 1).to_string());
        vec![partition.to_string(), end.clone(), end, "0".to_owned(), last]
    });
    assert_eq!(rows, expected.collect::<Vec<_>>());
    let unfit = "SELECT count(*) FROM (SELECT any_value(touchpoint_count) = count(kind) AS fits FROM 'customers-*.parquet' \
                 FULL JOIN 'touchpoints-*.parquet' USING (customer_id) GROUP BY customer_id) WHERE fits IS NOT true";
    assert_eq!(duckdb::one(dir, unfit), ["0"], "customers and touchpoints fit each other");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_ingest_goes_on_each_export_is_of_one_instant() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let enough = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(publish_on(connect(&server).await, Arc::clone(&enough)));
    let mut covered = Vec::new();
    for number in 0..4 {
        let to = dir.path().join(format!("export-{number}"));
        let manifest = tokio::task::block_in_place(|| export(&server, &to, &[]));
        tokio::task::block_in_place(|| assert_bounded(&to, &manifest));
        covered.push(manifest.applied.values().sum::<u64>());
    }
    enough.store(true, Ordering::Relaxed);
    let published = publishing.await.unwrap();
    assert!(covered.windows(2).all(|pair| pair[0] < pair[1]), "ingest went on: {covered:?}");
    server.caught_up();
    let to = dir.path().join("export-last");
    let manifest = export(&server, &to, &[]);
    assert_bounded(&to, &manifest);
    assert_eq!((manifest.rows["touchpoints"], manifest.applied), (published, applied(&server)));
}

/// A server that holds generated touchpoints.
fn generated(dir: &Path, touchpoints: u64) -> Server {
    let file = dir.join("touchpoints.ndjson");
    feeding::generate(&file, touchpoints);
    let server = Server::start(&dir.join("data")).unwrap();
    server.ask(&["import", file.to_str().unwrap()]);
    server.caught_up();
    server
}

#[test]
fn large_tables_go_on_in_further_files() {
    let dir = tempfile::tempdir().unwrap();
    let server = generated(dir.path(), 20_000);
    let (flat, lines) = (dir.path().join("parquet"), dir.path().join("ndjson"));
    for (to, form) in [(&flat, "parquet"), (&lines, "ndjson")] {
        let manifest = export(&server, to, &["--format", form, "--file-bytes-max", "1048576"]);
        assert_sealed(to, &manifest);
        assert!(manifest.files.iter().all(|file| file.bytes <= 1 << 20), "{:?}", manifest.files);
        assert!(manifest.files.iter().any(|file| file.name.starts_with("touchpoints-00002.")), "{:?}", manifest.files);
    }
    // Copies lie in the journal, and once in the timelines: as many as the digest counts.
    let digest = server.digest();
    let count = |part: &str| digest["counts"][part].as_str().unwrap().to_owned();
    let status: Value = serde_json::from_str(&server.ask(&["status", "--output", "json"])).unwrap();
    let shards = status["shards"].as_array().unwrap().iter();
    let told: u64 = shards.map(|shard| shard["touchpoints"].as_str().unwrap_or("0").parse::<u64>().unwrap()).sum();
    assert_eq!(duckdb::one(&flat, "SELECT count(*) FROM 'touchpoints-*.parquet'"), [told.to_string()]);
    assert_eq!(duckdb::one(&flat, "SELECT count(*) FROM 'customers-*.parquet'"), [count("customers")]);
    let both = "SELECT message_id FROM 'parquet/touchpoints-*.parquet' EXCEPT ALL \
                SELECT json->>'$.entry.touchpoint.messageId' FROM read_ndjson_objects('ndjson/touchpoints-*.ndjson')";
    assert_eq!(duckdb::ask(dir.path(), both), Vec::<Vec<String>>::new());
    assert_documented(dir.path());
}

/// That the queries of the documentation find something, in the folders `parquet` and `ndjson`.
fn assert_documented(dir: &Path) {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/export.md")).unwrap();
    let page = page.replace("'export-2026-03-01/", "'parquet/").replace("'lines/", "'ndjson/");
    let queries: Vec<&str> = page.split("```sql").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(queries.len(), 3);
    for query in queries {
        assert!(!duckdb::ask(dir, query.trim().trim_end_matches(';')).is_empty(), "{query}");
    }
}

/// Begins an export and waits until some files are there.
fn begun(server: &Server, to: &Path) -> Child {
    let arguments = ["export", "--format", "ndjson", "--file-bytes-max", "1048576", "--to", to.to_str().unwrap()];
    let mut begun = command(&arguments);
    let mut begun = begun.env("PATRON_SERVER", &server.grpc).stdout(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while !to.join("touchpoints-00003.ndjson.partial").exists() {
        assert!(begun.try_wait().unwrap().is_none() && Instant::now() < until, "no third file before the end");
        std::thread::yield_now();
    }
    begun
}

#[test]
fn what_was_broken_off_is_no_export_and_is_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let server = generated(dir.path(), 20_000);
    let to = dir.path().join("export");
    let mut killed = begun(&server, &to);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(to.join("touchpoints-00001.ndjson").exists() && !to.join("manifest.json").exists());
    let again = server.run(&["export", "--to", to.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.code() == Some(1) && said.contains("broken off") && said.contains("delete"), "{said}");

    // A server that goes away leaves none either.
    let other = dir.path().join("other");
    let mut left = begun(&server, &other);
    server.kill();
    assert_eq!(left.wait().unwrap().code(), Some(1));
    assert!(!other.join("manifest.json").exists());
}

#[test]
fn a_directory_that_holds_something_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let to = dir.path().join("export");
    let manifest = export(&server, &to, &[]);
    assert_sealed(&to, &manifest);
    assert_eq!(duckdb::one(&to, "SELECT count(*), sum(value) FROM 'metrics-*.parquet'"), ["0", "-"]);
    let again = server.run(&["export", "--to", to.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.code() == Some(1) && said.contains("not empty"), "{said}");
    assert_sealed(&to, &manifest);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_exports_at_once_and_the_front_passes_them_on() {
    let dir = tempfile::tempdir().unwrap();
    let server = generated(dir.path(), 20_000);
    let connection = connect(&server).await;
    let mut unread = Vec::new();
    for _ in 0..2 {
        unread.push(connection.export().export(ExportRequest::default()).await.unwrap());
    }
    let refused = connection.export().export(ExportRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.get_error_details().retry_info().is_some(), "{refused}");
    drop(unread);
    drop(connection);

    let mut front = serving("query");
    front.args(["--projectors", &server.grpc]);
    let front = Server::spawn(front).unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let to = dir.path().join("export");
    let arguments = ["export", "--output", "json", "--to", to.to_str().unwrap()];
    while !front.run(&arguments).status.success() {
        assert!(Instant::now() < until, "the slots are not free again");
        tests::process::wait_a_little();
    }
    let by_front: Value = serde_json::from_str(&fs::read_to_string(to.join("manifest.json")).unwrap()).unwrap();
    let direct = export(&server, &dir.path().join("direct"), &[]);
    assert_eq!(by_front["rows"], serde_json::to_value(&direct.rows).unwrap());
}

#[tokio::test]
async fn a_request_that_makes_no_sense_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let connection = connect(&server).await;
    let request = ExportRequest { parts: vec![1, 7], ..ExportRequest::default() };
    let refused = connection.export().export(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().starts_with("parts[1]"), "{refused}");
    let nowhere = Position { partition: 99, offset: 0 };
    let request = ExportRequest { min_position: vec![nowhere], ..ExportRequest::default() };
    assert_eq!(connection.export().export(request).await.unwrap_err().code(), Code::InvalidArgument);
}
