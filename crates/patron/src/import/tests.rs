//! Mappings, message ids, and the rows of real files.

use std::{io::Write as _, path::PathBuf};

use flate2::{Compression, write::GzEncoder};
use types::record::{Identifier, Item, Money, Order, Touchpoint};

use super::*;

mod mappings;
mod sending;

const ROWS: &str = "u1 20260301 1 9.90\nu1 20260301 1 9.90\nu2 20260302 3 20\n";

fn mapping(name: &str) -> Mapping {
    Mapping::open(&repository().join("tests/mappings").join(name)).unwrap()
}

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The real data, or `None` with a word on why the test does nothing.
fn data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("PATRON_DATA").map_or_else(|| repository().join("../shared/data"), PathBuf::from);
    let file = root.join(path);
    if !file.exists() {
        crate::output::to_stderr(&format!("skipped: {path} is not there; set PATRON_DATA to the folder of the data"));
    }
    file.exists().then_some(file)
}

fn read_all(file: &std::path::Path, mapping: &Mapping) -> Vec<Touchpoint> {
    let mut all = Vec::new();
    read(&[file.to_owned()], Some(mapping), |_, mapped| {
        match mapped {
            Mapped::Touchpoint(touchpoint) => all.push(*touchpoint),
            other => panic!("{other:?}"),
        }
        Ok(())
    })
    .unwrap();
    all
}

/// A file of that content in a folder of its own, which lives as long as the answer.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn gzip(parts: &[&str]) -> Vec<u8> {
    let member = |part: &&str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(part.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    parts.iter().flat_map(member).collect()
}

fn headless() -> Mapping {
    let text = std::fs::read_to_string(repository().join("tests/mappings/cdnow.toml")).unwrap();
    Mapping::parse("cdnow.toml", &text.replace("skip_lines = 1", "skip_lines = 0")).unwrap()
}

fn ids(name: &str, content: &[u8]) -> Vec<String> {
    let (_folder, path) = file(name, content);
    read_all(&path, &headless()).into_iter().map(|touchpoint| touchpoint.message_id).collect()
}

#[test]
fn message_ids_come_from_the_rows_alone() {
    let all = ids("a.txt", ROWS.as_bytes());
    assert_eq!(ids("other-name.txt", ROWS.as_bytes()), all);
    assert_eq!(ids("packed.gz", &gzip(&[ROWS])), all);
    assert_eq!(all.len(), 3);
    assert!(all[0].starts_with("cdnow-") && all[0].ends_with("-1") && all[1].ends_with("-2"), "{all:?}");
    assert_eq!(all[0].trim_end_matches("-1"), all[1].trim_end_matches("-2"));
}

#[test]
fn parts_and_overlaps_give_ids_of_the_whole() {
    let all = ids("a.txt", ROWS.as_bytes());
    let lines: Vec<&str> = ROWS.split_inclusive('\n').collect();
    assert_eq!(ids("begun.txt", lines[..2].concat().as_bytes()), all[..2]);
    assert_eq!(ids("later.txt", lines[2..].concat().as_bytes()), all[2..]);
    let overlap = ids("overlap.txt", lines[1..].concat().as_bytes());
    assert!(overlap.iter().all(|id| all.contains(id)), "{overlap:?}");
}

#[test]
fn gzip_of_several_members_is_one_file() {
    let lines: Vec<&str> = ROWS.split_inclusive('\n').collect();
    assert_eq!(ids("members.gz", &gzip(&lines)), ids("a.txt", ROWS.as_bytes()));
}

#[test]
fn a_broken_off_gzip_gives_its_rows_and_then_an_error() {
    let many = ROWS.repeat(20_000);
    let packed = gzip(&[&many]);
    let (_folder, path) = file("broken.gz", &packed[..packed.len() / 2]);
    let mut rows = 0;
    let result = read(std::slice::from_ref(&path), Some(&headless()), |_, _| {
        rows += 1;
        Ok(())
    });
    assert!(rows > 100 && result.unwrap_err().to_string().contains("broken.gz"));
}

#[test]
fn the_documentation_shows_the_mappings_as_they_are() {
    let docs = std::fs::read_to_string(repository().join("docs/import.md")).unwrap();
    for name in ["cdnow.toml", "cdnow-sample.toml", "online-retail.toml"] {
        let text = std::fs::read_to_string(repository().join("tests/mappings").join(name)).unwrap();
        assert!(docs.contains(&text), "{name}");
    }
}

#[test]
fn cdnow() {
    let Some(path) = data("cdnow/CDNOW_master.txt.gz") else { return };
    let all = read_all(&path, &mapping("cdnow.toml"));
    assert_eq!(all.len(), 69_659);
    let first = &all[0];
    assert_eq!(first.message_id, first.order_id());
    let expected = Touchpoint {
        source: "cdnow".into(),
        message_id: first.message_id.clone(),
        kind: "order_completed".into(),
        identifiers: vec![identifier("00001")],
        occurred_at: Some(prost_types::Timestamp { seconds: 852_076_800, nanos: 0 }),
        channel: "web".into(),
        order: Some(Order {
            order_id: first.message_id.clone(),
            total: Some(money("11.77", "USD")),
            ..Order::default()
        }),
        items: vec![Item { product_id: "CD".into(), quantity: "1".into(), ..Item::default() }],
        ..Touchpoint::default()
    };
    assert_eq!(first, &expected);
    assert_eq!(sum(all.iter().filter_map(|one| one.order.as_ref()?.total.as_ref())), 2_500_315_630_000);
    assert_eq!(distinct(&all), 69_659);
    assert_eq!(all.iter().filter(|touchpoint| !touchpoint.message_id.ends_with("-1")).count(), 255);
}

#[test]
fn cdnow_sample() {
    let Some(path) = data("cdnow/CDNOW_sample.txt") else { return };
    let all = read_all(&path, &mapping("cdnow-sample.toml"));
    assert_eq!((all.len(), distinct(&all)), (6_919, 6_919));
    let first = &all[0];
    assert_eq!(first.identifiers, [identifier("00004")]);
    assert_eq!(first.order.as_ref().unwrap().total, Some(money("29.33", "USD")));
    assert_eq!(first.items[0].quantity, "2");
    assert_eq!(first.properties.as_ref().unwrap().fields["sample_id"], "0001".into());
    assert_eq!(sum(all.iter().filter_map(|one| one.order.as_ref()?.total.as_ref())), 244_091_940_000);
}

#[test]
fn online_retail() {
    let Some(path) = data("online_retail/online_retail_II_2009-2010.csv.gz") else { return };
    let all = read_all(&path, &mapping("online-retail.toml"));
    assert_eq!((all.len(), distinct(&all)), (525_461, 525_461));
    let of_kind = |kind: &str| all.iter().filter(|touchpoint| touchpoint.kind == kind).count();
    assert_eq!(of_kind("order_returned"), 10_205);
    assert_eq!(of_kind("stock_moved"), 2_121);
    assert_eq!(of_kind("order_line_completed"), 513_135);
    assert_eq!(all.iter().filter(|touchpoint| touchpoint.identifiers.is_empty()).count(), 107_927);
    let first = Touchpoint { message_id: String::new(), ..all[0].clone() };
    let expected = Touchpoint {
        source: "online_retail".into(),
        kind: "order_line_completed".into(),
        identifiers: vec![identifier("13085")],
        occurred_at: Some(prost_types::Timestamp { seconds: 1_259_653_500, nanos: 0 }),
        channel: "web".into(),
        order: Some(Order { order_id: "489434".into(), ..Order::default() }),
        items: vec![Item {
            product_id: "85048".into(),
            name: "15CM CHRISTMAS GLASS BALL 20 LIGHTS".into(),
            quantity: "12".into(),
            price: Some(money("6.95", "GBP")),
            ..Item::default()
        }],
        properties: Some(prost_types::Struct { fields: [("country".to_owned(), "United Kingdom".into())].into() }),
        ..Touchpoint::default()
    };
    assert_eq!(first, expected);
    assert_eq!(signed_total(&all), 9_539_484_634_000);
}

/// price × quantity of the lines minus that of the returns, in millionths.
fn signed_total(all: &[Touchpoint]) -> i128 {
    let line = |touchpoint: &Touchpoint| {
        let item = touchpoint.items.first().unwrap();
        let quantity = types::Decimal::parse(&item.quantity).unwrap_or_default();
        let price = types::Decimal::parse(&item.price.as_ref().unwrap().amount).unwrap();
        let product = types::ExactSum::product(price, quantity).0;
        if touchpoint.kind == "order_returned" { -product } else { product }
    };
    all.iter().map(line).sum::<i128>() / 1_000_000
}

fn distinct(all: &[Touchpoint]) -> usize {
    all.iter().map(|touchpoint| touchpoint.message_id.as_str()).collect::<std::collections::BTreeSet<_>>().len()
}

fn sum<'m>(amounts: impl Iterator<Item = &'m Money>) -> i64 {
    amounts.map(|money| types::Decimal::parse(&money.amount).unwrap().0).sum()
}

fn identifier(user_id: &str) -> Identifier {
    Identifier { namespace: "user_id".into(), value: user_id.into() }
}

fn money(amount: &str, currency_code: &str) -> Money {
    Money { amount: amount.into(), currency_code: currency_code.into() }
}
