//! What a mapping can say, and what is said of one that is wrong.

use super::*;

const GOOD: &str = r#"
name = "till"
source = "till"
[format]
type = "csv"
[touchpoint]
kind = "order_line_completed"
occurred_at = { column = "time", format = "%d.%m.%Y %H:%M", time_zone = "Europe/Vienna" }
store_id = { column = "store", strip_prefix = "S" }
order.order_id = { column = "order" }
item.product_id = { column = "sku", empty_if = ["-"] }
item.quantity = { column = "n" }
item.price = { column = "price", currency_column = "currency" }
traits.city = { column = "city" }
[[touchpoint.identifiers]]
namespace = "loyalty_card"
column = "card"
[[rule]]
when = { column = "n", equals = "0" }
skip = "nothing sold"
[[rule]]
when = [{ column = "n", negative = true }, { column = "order", empty = false }]
kind = "order_returned"
absolute = ["item.quantity"]
set.channel = "returns desk"
unset = ["traits.city"]
"#;

const HEAD: &str = "time,store,order,sku,n,price,currency,city,card";

fn map(row: &str) -> Mapped {
    let (_folder, path) = file("rows.csv", format!("{HEAD}\n{row}\n").as_bytes());
    let mut mapped = None;
    read(&[path], Some(&Mapping::parse("m.toml", GOOD).unwrap()), |_, one| {
        mapped = Some(one);
        Ok(())
    })
    .unwrap();
    mapped.unwrap()
}

fn touchpoint(row: &str) -> Touchpoint {
    match map(row) {
        Mapped::Touchpoint(touchpoint) => *touchpoint,
        other => panic!("{other:?}"),
    }
}

#[test]
fn columns_become_fields() {
    let touchpoint = touchpoint("01.07.2026 10:30,S7,o1,-,2,1.10,CHF,Wien,c1");
    assert_eq!(touchpoint.occurred().to_string(), "2026-07-01T08:30:00Z");
    assert_eq!((touchpoint.store_id.as_str(), touchpoint.order_id()), ("7", "o1"));
    let item = Item { quantity: "2".into(), price: Some(money("1.10", "CHF")), ..Item::default() };
    assert_eq!(touchpoint.items, [item]);
    assert_eq!(touchpoint.traits.unwrap().fields["city"], "Wien".into());
    assert_eq!(touchpoint.identifiers[0].namespace, "loyalty_card");
}

#[test]
fn rules_are_tried_in_order() {
    assert_eq!(map("01.07.2026 10:30,S7,o1,a,0,1,EUR,,"), Mapped::Skipped("nothing sold".into()));
    let returned = touchpoint("01.07.2026 10:30,S7,o1,a,-2.5,1,EUR,Wien,");
    assert_eq!((returned.kind.as_str(), returned.items[0].quantity.as_str()), ("order_returned", "2.5"));
    assert_eq!((returned.channel.as_str(), returned.traits), ("returns desk", None));
    assert_eq!(touchpoint("01.07.2026 10:30,S7,,a,-2,1,EUR,,").items[0].quantity, "-2");
}

#[test]
fn rows_that_do_not_fit_say_why() {
    for (row, what) in [
        ("1.7.26,S7,o1,a,1,1,EUR,,", "occurred_at"),
        (",S7,o1,a,1,1,EUR,,", "time is empty"),
        ("01.07.2026 10:30,S7", "2 cells"),
    ] {
        let Mapped::Unfit(said) = map(row) else { panic!("{row}") };
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn wrong_mappings_are_told_file_key_and_remedy() {
    for (old, new, expected) in [
        ("name = \"till\"", "", "`name` is missing"),
        ("source = \"till\"", "sauce = \"till\"", "`source` is missing"),
        ("[format]", "colour = 1\n[format]", "`colour` is no key here"),
        ("type = \"csv\"", "type = \"xml\"", "`format.type` is `xml`; write csv"),
        ("type = \"csv\"", "type = \"csv\"\ndelimeter = \";\"", "did you mean `delimiter`"),
        ("type = \"csv\"", "type = \"csv\"\nheader = false", "`format.columns` is missing"),
        ("Europe/Vienna", "Europe/Wien", "`touchpoint.occurred_at.time_zone`"),
        ("store_id", "shop_id", "`touchpoint.shop_id` is no field"),
        ("order.order_id", "order.orderid", "did you mean `order.order_id`"),
        ("currency_column = \"currency\"", "currency = \"EURO\"", "no currency of ISO 4217"),
        (", currency_column = \"currency\"", "", "`touchpoint.item.price.currency` is missing"),
        ("item.price = {", "item.price = \"1\" # {", "is money"),
        ("namespace = \"loyalty_card\"", "namespace = \"Card\"", "`touchpoint.identifiers[0].namespace`"),
        ("equals = \"0\"", "equals = \"0\", empty = true", "exactly one test"),
        ("absolute = [\"item.quantity\"]", "absolute = [\"item.quantty\"]", "did you mean `item.quantity`"),
        ("unset = [\"traits.city\"]", "unset = [\"traits.town\"]", "which is not filled"),
        ("{ column = \"order\" }", "\"$line\"", "only `$message_id`"),
        ("skip = \"nothing sold\"", "skip = true", "write a text in quotes"),
        ("name = \"till\"", "name = ", "m.toml"),
    ] {
        assert!(GOOD.contains(old), "{old}");
        let error = Mapping::parse("m.toml", &GOOD.replacen(old, new, 1)).unwrap_err().to_string();
        assert!(error.starts_with("m.toml: ") && error.contains(expected), "{error}");
    }
}

#[test]
fn a_column_that_the_mapping_does_not_list_is_an_error_of_the_mapping() {
    let listed = GOOD.replace("type = \"csv\"", "type = \"csv\"\nheader = false\ncolumns = [\"time\", \"cards\"]");
    let error = Mapping::parse("m.toml", &listed).unwrap_err().to_string();
    assert!(error.contains("`card`") && error.contains("did you mean `cards`"), "{error}");
}

#[test]
fn a_row_may_bring_its_own_message_id() {
    let own = GOOD.replace("[touchpoint]", "[touchpoint]\nmessage_id = { column = \"order\" }");
    let (_folder, path) = file("rows.csv", format!("{HEAD}\n01.07.2026 10:30,S7,o1,a,1,1,EUR,,\n").as_bytes());
    let all = read_all(&path, &Mapping::parse("m.toml", &own).unwrap());
    assert_eq!(all[0].message_id, "o1");
}

#[test]
fn column_order_does_not_change_message_ids() {
    let mapping = Mapping::parse("m.toml", GOOD).unwrap();
    let (_one, straight) = file("a.csv", format!("{HEAD}\n01.07.2026 10:30,S7,o1,a,1,2,EUR,,\n").as_bytes());
    let swapped = "store,time,order,sku,n,price,currency,city,card,extra\nS7,01.07.2026 10:30,o1,a,1,2,EUR,,,x\n";
    let (_two, swapped) = file("b.csv", swapped.as_bytes());
    assert_eq!(read_all(&straight, &mapping), read_all(&swapped, &mapping));
}
