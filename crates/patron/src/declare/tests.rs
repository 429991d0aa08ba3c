use std::{fs, path::PathBuf};

use definition::{Body, Kind};

use super::*;

fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = dir.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// What is said of a file, each problem on a line, without the folder.
fn said(name: &str, text: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = file(&dir, name, text);
    read(&[path]).unwrap_err().to_string().replace(&format!("{}/", dir.path().display()), "")
}

#[test]
fn tables_become_definitions_in_the_order_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let text = "[[segment]]\nname = \"loyal\"\nexpression = '''\n  metrics.orders >= 10\n'''\ndescription = \"regulars\"\n\n\
                [[store]]\nstore_id = \"s1\"\nregion = \"north\"\nexpected_version = 2\n\n[[store]]\nstore_id = \"s0\"\ndeleted = true\n\n\
                [[product]]\nsku = \"4711\"\nbrand = \"Muster\"\n";
    let declared = read(&[file(&dir, "all.toml", text)]).unwrap();
    let names: Vec<_> = declared.iter().map(|one| (one.kind, one.definition.name.as_str())).collect();
    let expected = [(Kind::Segment, "loyal"), (Kind::Store, "s1"), (Kind::Store, "s0"), (Kind::Product, "4711")];
    assert_eq!(names, expected);
    let Some(Body::Segment(segment)) = &declared[0].definition.body else { panic!("{declared:?}") };
    assert_eq!((segment.expression.trim(), segment.description.as_str()), ("metrics.orders >= 10", "regulars"));
    assert_eq!(declared[1].definition.expected_version, Some(2));
    assert!(declared[2].definition.deleted && declared[2].definition.body.is_none());
    // Findings of the server lead back to line and key.
    let problem = declared[0].problem("segment.expression", "no");
    assert_eq!((problem.line, problem.key.as_str()), (3, "expression"));
    let problem = declared[3].problem("name", "no");
    assert_eq!((problem.line, problem.key.as_str()), (18, "sku"));
}

#[test]
fn what_is_wrong_is_named_by_file_line_and_key() {
    let text = "[[product]]\nsku = \"1\"\ncatgory = \"Wine\"\nbrand = 5\n\n[[produkt]]\nsku = \"2\"\n\n[[store]]\nregion = \"north\"\n";
    assert_eq!(
        said("bad.toml", text),
        "bad.toml:3: `catgory`: is no key of a product; did you mean `category`?\n\
         bad.toml:4: `brand`: is an integer; write a text in quotes\n\
         bad.toml:6: `produkt`: is nothing that can be defined; did you mean `product`?\n\
         bad.toml:9: `store_id`: is missing; each store has one"
    );
    let syntax = said("bad.toml", "[[product]]\nsku = \"1\nbrand = \"x\"\n");
    assert!(syntax.starts_with("bad.toml:2: "), "{syntax}");
    let once = said("bad.toml", "[product]\nsku = \"1\"\n");
    assert!(once.starts_with("bad.toml:1: `product`: is no list of tables; write [[product]]"), "{once}");
    let twice = said("bad.toml", "[[product]]\nsku = \"1\"\n\n[[product]]\nsku = \"1\"\n");
    assert!(twice.starts_with("bad.toml:5: `sku`: product/1: is declared twice, first in bad.toml:2"), "{twice}");
    assert!(said("bad.yaml", "").contains("neither .toml nor .csv"));
}

#[test]
fn rows_become_products_and_stores() {
    let dir = tempfile::tempdir().unwrap();
    let products = file(&dir, "p.csv", "sku,brand,category,name\n1,A,Wine,\"Red, dry\"\n2,,Beer,\n");
    let stores = file(&dir, "s.csv", "store_id,region\ns1,north\n");
    let declared = read(&[products, stores]).unwrap();
    let Some(Body::Product(product)) = &declared[0].definition.body else { panic!("{declared:?}") };
    assert_eq!((product.category.as_str(), product.brand.as_str(), product.name.as_str()), ("Wine", "A", "Red, dry"));
    let Some(Body::Store(store)) = &declared[2].definition.body else { panic!("{declared:?}") };
    assert_eq!((declared[2].definition.name.as_str(), store.region.as_str()), ("s1", "north"));
    assert_eq!(
        said("p.csv", "sku,catgory\n1,x\n"),
        "p.csv:1: `catgory`: is no column of a product; did you mean `category`?"
    );
    assert_eq!(said("p.csv", "sku,brand\n1,x\n2\n"), "p.csv:3: the row has 1 cells, the file has 2 columns");
    assert_eq!(said("p.csv", "sku,brand\n,x\n"), "p.csv:2: `sku`: is empty; each row has one");
    assert!(said("p.csv", "id,brand\n1,x\n").contains("neither `sku` nor `store_id`"));
}

#[test]
fn long_lists_are_cut_into_sets_that_the_server_takes() {
    use prost::Message as _;
    use types::limits::{DEFINITION_SET_BYTES_MAX, DEFINITIONS_PER_SET_MAX};
    let dir = tempfile::tempdir().unwrap();
    let mut rows = String::from("sku,category,brand,name\n");
    for sku in 0..25_000 {
        rows += &format!("{sku},Category,Brand,{}\n", "long name ".repeat(10));
    }
    let store = file(&dir, "s.toml", "[[store]]\nstore_id = \"s\"\nregion = \"r\"\n");
    let cut = sets(read(&[store, file(&dir, "p.csv", &rows)]).unwrap());
    assert_eq!(cut.iter().map(Vec::len).sum::<usize>(), 25_001);
    assert!(cut.len() < 5, "{} sets", cut.len());
    for set in &cut {
        let definitions = set.iter().map(|one| one.definition.clone()).collect();
        let whole = types::record::DefinitionSet { definitions, ..Default::default() };
        assert!(whole.encoded_len() < DEFINITION_SET_BYTES_MAX && set.len() <= DEFINITIONS_PER_SET_MAX);
    }
    assert_eq!(cut.last().unwrap().last().unwrap().kind, Kind::Store, "products first");
}
