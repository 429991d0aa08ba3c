//! Real retail data through the real command line: every customer equal to a naive computation from the raw file.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use tests::{
    data,
    exact::{Figures, by_customer, exact},
    process::Server,
};

const ONE: i128 = 1_000_000_000_000;

fn mapping(name: &str) -> String {
    format!("{}/mappings/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

fn gunzip(path: &Path) -> impl Read {
    MultiGzDecoder::new(File::open(path).unwrap())
}

fn import(server: &Server, mapping_name: &str, files: &[&str]) -> String {
    let mapping = mapping(mapping_name);
    server.ask(&[&["import", "--mapping", &mapping], files].concat())
}

/// Master file: id, yyyymmdd, CDs, dollars; one header line.
fn naive_cdnow(path: &Path) -> BTreeMap<String, Figures> {
    let mut customers: BTreeMap<String, Figures> = BTreeMap::new();
    for line in BufReader::new(gunzip(path)).lines().skip(1).map(Result::unwrap) {
        let [id, _, units, dollars] = line.split_whitespace().collect::<Vec<_>>().try_into().unwrap();
        let purchase = Figures { orders: 1, units: exact(units), gross: exact(dollars), returned: 0 };
        customers.entry(id.to_owned()).or_default().add(purchase);
    }
    customers
}

#[test]
fn cdnow_customer_by_customer_and_twice_the_same() {
    let Some(path) = data::file("cdnow/CDNOW_master.txt.gz") else { return };
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path()).unwrap();
    let file = path.to_str().unwrap();
    import(&server, "cdnow", &[file]);
    let once = server.digest();
    import(&server, "cdnow", &[file, file]);
    let again = server.digest();
    assert_eq!(once["state"], again["state"]);
    assert_eq!(once["counts"]["touchpoints"], "69659");
    assert!(server.terminate().success());

    let (naive, found) = (naive_cdnow(&path), by_customer(dir.path()));
    assert_eq!(found.len(), 23_570);
    assert_eq!(found, naive);
    let total = found.values().fold(Figures::default(), |mut sum, one| {
        sum.add(*one);
        sum
    });
    assert_eq!((total.orders, total.units, total.gross), (69_659, 167_881 * ONE, exact("2500315.63")));
}

#[test]
fn an_import_broken_off_and_run_again_counts_every_row_once() {
    let Some(path) = data::file("cdnow/CDNOW_sample.txt") else { return };
    let dir = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let part = |name: &str, lines: &[&str]| {
        let path = dir.path().join(name);
        std::fs::write(&path, lines.join("\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // Two exports that overlap by a thousand rows, and the first of them broken off before.
    let (broken, early, late) =
        (part("broken", &lines[..2_000]), part("early", &lines[..4_000]), part("late", &lines[3_000..]));
    let server = Server::start(&dir.path().join("data")).unwrap();
    for files in [vec![broken.as_str()], vec![&early], vec![&late, &early]] {
        import(&server, "cdnow-sample", &files);
    }
    let pieces = server.digest();
    let whole = Server::start(&dir.path().join("whole")).unwrap();
    import(&whole, "cdnow-sample", &[path.to_str().unwrap()]);
    let whole = whole.digest();
    assert_eq!(whole["counts"]["touchpoints"], "6919");
    assert_eq!(pieces["state"], whole["state"]);
}

/// What the invoice lines come to by customer, and by invoice where no customer is known. Stock movements are no orders.
fn naive_online_retail(path: &Path) -> BTreeMap<String, Figures> {
    let mut customers: BTreeMap<String, Figures> = BTreeMap::new();
    let mut invoices: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in csv::Reader::from_reader(gunzip(path)).into_records().map(Result::unwrap) {
        let (invoice, quantity, price, customer) =
            (&row[0], exact(&row[3]), exact(&row[5]), row[6].trim_end_matches(".0"));
        let name = if customer.is_empty() { format!("receipt:{invoice}") } else { customer.to_owned() };
        let figures = customers.entry(name.clone()).or_default();
        let amount = quantity / ONE * price;
        if invoice.starts_with('C') && quantity < 0 {
            figures.returned -= amount;
        } else if quantity > 0 {
            figures.units += quantity;
            figures.gross += amount;
            invoices.entry(name).or_default().insert(invoice.to_owned());
        }
    }
    for (name, invoices) in invoices {
        customers.entry(name).or_default().orders = invoices.len() as u64;
    }
    customers
}

#[test]
fn online_retail_customer_by_customer() {
    let Some(path) = data::file("online_retail/online_retail_II_2009-2010.csv.gz") else { return };
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_with(dir.path(), &[("PATRON_KINDS_CUSTOM", "stock_moved")]).unwrap();
    import(&server, "online-retail", &[path.to_str().unwrap()]);
    let digest = server.digest();
    assert_eq!(digest["counts"]["touchpoints"], "525461");
    let known = server.ask(&["customer", "list", "--output", "ndjson", "--fields", "customer_id"]);
    assert_eq!(known.lines().count(), 4_383);
    assert!(server.terminate().success());

    let found = by_customer(dir.path());
    assert_eq!(found, naive_online_retail(&path));
    let sum = |wanted: &dyn Fn(&str) -> bool| {
        let mut sum = Figures::default();
        found.iter().filter(|(name, _)| wanted(name)).for_each(|(_, one)| sum.add(*one));
        sum
    };
    let anonymous = |name: &str| name.starts_with("receipt:");
    assert_eq!(found.keys().filter(|name| anonymous(name)).count(), 5_229);
    let (all, known) = (sum(&|_| true), sum(&|name| !anonymous(name)));
    assert_eq!(all.gross - all.returned, exact("9539484.634"));
    // One line of all credit notes, C496350, charges 373.57 instead of crediting it: it counts as bought.
    assert_eq!(all.returned - exact("373.57"), exact("629855.37"));
    assert_eq!(known.gross - known.returned, exact("8348208.574"));
    assert_eq!(known.gross, exact("8832003.274"));
}
