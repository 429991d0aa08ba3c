//! `patron export`: what analysts compute from the files is what was published and what the services answer, the manifest bounds
//! every row, and what was broken off is no export.
#![cfg(test)]

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
    client::{accept, connect, publish},
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

/// A touchpoint that has every field, with the hardest values that are taken.
const EVERYTHING: &str = r#"{"source":"till","messageId":"m-1","kind":"order_completed",
    "identifiers":[{"namespace":"loyalty_card","value":"4711"},{"namespace":"email","value":"zoë@shop.test.eu"}],
    "occurredAt":"2026-03-01T09:30:00.123456Z","storeId":"s1","zoneId":"z1","channel":"store","visitId":"v1",
    "campaign":{"name":"spring","source":"newsletter","medium":"email"},
    "device":{"type":"till","os":"Linux","appVersion":"1.2"},
    "order":{"orderId":"o1","total":{"amount":"-999999999999.999999","currencyCode":"EUR"},
             "discount":{"amount":"0.000001","currencyCode":"EUR"},"refund":{"amount":"0.10","currencyCode":"EUR"},"refundId":"r1"},
    "items":[{"productId":"tea","name":"Grüner 茶","category":"tea","brand":"b","quantity":"0.333333",
              "price":{"amount":"0.001","currencyCode":"EUR"},"discount":{"amount":"0.00","currencyCode":"EUR"}},
             {"productId":"cup"}],
    "coupon":{"couponId":"c1","offerId":"f1"},"marketingMessageId":"mm1","caseId":"k1",
    "score":{"scale":"nps","value":9.5},"duration":"1.000000001s","cost":{"amount":"0.30","currencyCode":"CHF"},"points":"5",
    "traits":{"city":"Wien","age":44},"consents":[{"purpose":"email","status":"CONSENT_STATUS_GRANTED"}],
    "searchQuery":"it's \"tea\"","properties":{"deep":{"er":[1,null,true]}}}"#;

const TOUCHPOINT_COLUMNS: [(&str, &str); 38] = [
    ("source", "till"),
    ("message_id", "m-1"),
    ("kind", "order_completed"),
    ("occurred_at", "2026-03-01 09:30:00.123456+00"),
    (
        "identifiers",
        r#"[{"namespace":"loyalty_card","value":"4711"},{"namespace":"email","value":"zoë@shop.test.eu"}]"#,
    ),
    ("store_id", "s1"),
    ("zone_id", "z1"),
    ("channel", "store"),
    ("visit_id", "v1"),
    ("campaign_name", "spring"),
    ("campaign_source", "newsletter"),
    ("campaign_medium", "email"),
    ("device_type", "till"),
    ("device_os", "Linux"),
    ("device_app_version", "1.2"),
    ("order_id", "o1"),
    ("order_total", "-999999999999.999999"),
    ("order_discount", "0.000001"),
    ("order_refund", "0.100000"),
    ("order_currency_code", "EUR"),
    ("refund_id", "r1"),
    ("item_count", "2"),
    ("coupon_id", "c1"),
    ("offer_id", "f1"),
    ("marketing_message_id", "mm1"),
    ("case_id", "k1"),
    ("score_scale", "nps"),
    ("score", "9.500000"),
    ("duration_seconds", "1.000000001"),
    ("cost", "0.300000"),
    ("cost_currency_code", "CHF"),
    ("points", "5"),
    ("search_query", "it's \"tea\""),
    ("consents", r#"[{"purpose":"email","status":"granted"}]"#),
    ("traits->>'$.city'", "Wien"),
    ("properties->>'$.deep.er'", "[1.0,null,true]"),
    ("identity_events->>'$[0].joined.messageId'", "m-1"),
    ("typeof(received_at)", "TIMESTAMP WITH TIME ZONE"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_field_is_there_to_the_last_digit() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data")).unwrap();
    let connection = connect(&server).await;
    let position = accept(&connection, proto::json::from_str::<Touchpoint>(EVERYTHING).unwrap()).await;
    accept(&connection, touchpoint("page_viewed", "m-2", 1_772_360_000, "receipt:r1")).await;
    server.ask(&["identity", "separate", "loyalty_card:4711", "user_id:u9", "--reason", "two people"]);
    server.caught_up();
    let to = dir.path().join("export");
    let manifest = export(&server, &to, &[]);
    assert_sealed(&to, &manifest);
    let rows: Vec<(&str, u64)> = manifest.rows.iter().map(|(table, rows)| (table.as_str(), *rows)).collect();
    assert_eq!(
        rows.iter().filter(|(table, _)| *table != "metrics").copied().collect::<Vec<_>>(),
        [("consents", 1), ("customers", 3), ("decisions", 2), ("identifiers", 4), ("items", 2), ("touchpoints", 2)]
    );
    assert_eq!(applied(&server), manifest.applied);

    let columns: Vec<&str> = TOUCHPOINT_COLUMNS.iter().map(|(column, _)| *column).collect();
    let ask = format!(
        "SELECT {}, journal_partition, journal_offset FROM 'touchpoints-*.parquet' WHERE source = 'till'",
        columns.join(", ")
    );
    let mut found = duckdb::one(&to, &ask);
    let place = found.split_off(columns.len());
    assert_eq!(place, [position.partition.to_string(), position.offset.to_string()]);
    for ((column, expected), found) in TOUCHPOINT_COLUMNS.iter().zip(&found) {
        assert_eq!(found, expected, "{column}");
    }
    let bare = "SELECT coalesce(order_total, cost, points, score)::VARCHAR, coalesce(channel, order_id, traits, consents, \
                identity_events), item_count FROM 'touchpoints-*.parquet' WHERE source = 'test'";
    assert_eq!(duckdb::one(&to, bare), ["-", "-", "0"], "what is not given is NULL");

    let items = "SELECT line, product_id, name, quantity, price, amount, typeof(sum(amount)), currency_code \
                 FROM 'items-*.parquet' GROUP BY ALL ORDER BY line";
    assert_eq!(
        duckdb::ask(&to, items),
        [
            ["1", "tea", "Grüner 茶", "0.333333", "0.001000", "0.000333333000", "DECIMAL(38,12)", "EUR"],
            ["2", "cup", "-", "1.000000", "-", "-", "DECIMAL(38,12)", "-"]
        ]
    );
    let customers = "SELECT is_known, touchpoint_count, identifier_count, traits->>'$.city', \
                     string_agg(namespace || ':' || value, ' ' ORDER BY namespace) FROM 'customers-*.parquet' \
                     JOIN 'identifiers-*.parquet' USING (customer_id) GROUP BY ALL ORDER BY 5";
    assert_eq!(
        duckdb::ask(&to, customers),
        [
            ["true", "1", "2", "Wien", "email:zoë@shop.test.eu loyalty_card:4711"],
            ["false", "1", "1", "-", "receipt:r1"],
            ["true", "0", "1", "-", "user_id:u9"]
        ]
    );
    let metrics = "SELECT metric, key, form, currency_code, value, text FROM 'metrics-*.parquet' \
                   WHERE metric IN ('costs', 'spent_by_store', 'first_campaign', 'units') ORDER BY ALL";
    assert_eq!(
        duckdb::ask(&to, metrics),
        [
            ["costs", "-", "money", "CHF", "0.300000000", "-"],
            ["first_campaign", "-", "text", "-", "-", "spring"],
            ["spent_by_store", "s1", "money", "EUR", "-1000000000000.000000000", "-"],
            ["units", "-", "decimal", "-", "1.333333000", "-"]
        ]
    );
    let consents = "SELECT purpose, status, decided_at FROM 'consents-*.parquet'";
    assert_eq!(duckdb::one(&to, consents), ["email", "granted", "2026-03-01 09:30:00.123456+00"]);
    let decisions = "SELECT DISTINCT action, left_namespace, left_value, right_namespace, right_value, reason \
                     FROM 'decisions-*.parquet'";
    assert_eq!(duckdb::one(&to, decisions), ["separate", "loyalty_card", "4711", "user_id", "u9", "two people"]);

    let part = dir.path().join("part");
    let manifest = export(&server, &part, &["--format", "ndjson", "--include", "timelines", "--known-only"]);
    assert_eq!(manifest.rows, BTreeMap::from([("touchpoints".to_owned(), 1), ("decisions".to_owned(), 2)]));
    assert!(manifest.known_only);
    let line: Value =
        serde_json::from_str(&fs::read_to_string(part.join("touchpoints-00001.ndjson")).unwrap()).unwrap();
    let mut published: Value = serde_json::from_str(EVERYTHING).unwrap();
    published["receivedAt"] = line["entry"]["touchpoint"]["receivedAt"].clone();
    published["traits"]["age"] = 44.0.into();
    published["properties"]["deep"]["er"][0] = 1.0.into();
    assert_eq!(line["entry"]["touchpoint"], published);
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
