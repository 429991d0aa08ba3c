//! Every field of an export, to the last digit, and the parts that can be left out.

use std::{collections::BTreeMap, fs};

use serde_json::Value;
use tests::{
    client::{accept, connect},
    duckdb,
    export::{assert_sealed, export},
    process::Server,
    touchpoints::touchpoint,
};
use types::record::Touchpoint;

use crate::applied;

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
