use std::io::Cursor;

use super::*;

fn rows(text: impl AsRef<[u8]>, format: &Format, wanted: &[&str]) -> Vec<(u64, Result<Vec<String>, String>, String)> {
    let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let mut rows = Rows::open(Box::new(Cursor::new(text.as_ref().to_vec())), format, &wanted).unwrap();
    std::iter::from_fn(|| rows.next().unwrap()).map(|row| (row.line, row.cells, row.raw.text())).collect()
}

fn cells(texts: &[&str]) -> Result<Vec<String>, String> {
    Ok(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn csv(delimiter: u8, columns: &[&str]) -> Format {
    Format::Csv { delimiter, columns: columns.iter().map(|name| (*name).to_owned()).collect() }
}

#[test]
fn csv_with_header_and_line_ends_in_quotes() {
    let text = "\u{feff}id,note,price\r\n1,\"a, \"\"b\"\"\nc\",2.10\r\n2,d\r\n3,e,4\n";
    let read = rows(text, &csv(b',', &[]), &["price", "id", "note"]);
    assert_eq!(read[0], (2, cells(&["2.10", "1", "a, \"b\"\nc"]), "1,\"a, \"\"b\"\"\nc\",2.10".to_owned()));
    assert_eq!(read[1].0, 4);
    assert!(read[1].1.as_ref().unwrap_err().contains("2 cells"));
    assert_eq!(read[2].1, cells(&["4", "3", "e"]));
}

#[test]
fn csv_without_header() {
    assert_eq!(rows("1;a\n2;b\n", &csv(b';', &["id", "name"]), &["name"]).len(), 2);
}

#[test]
fn an_absent_column_is_named_with_its_nearest() {
    let error =
        Rows::open(Box::new(Cursor::new(b"Invoice,Price\n".to_vec())), &csv(b',', &[]), &["Invoise".to_owned()]);
    let error = error.err().unwrap().to_string();
    assert!(error.contains("`Invoise`") && error.contains("did you mean `Invoice`"), "{error}");
}

#[test]
fn white_space() {
    let format = Format::Whitespace { skip_lines: 1, columns: vec!["id".into(), "day".into()] };
    let read = rows("id day\r\n 00001  19970101 \r\n\r\n 2\n", &format, &["day", "id"]);
    assert_eq!((read[0].0, &read[0].1), (2, &cells(&["19970101", "00001"])));
    assert_eq!(read[1].0, 4);
    assert!(read[1].1.is_err());
}

#[test]
fn json_numbers_stay_text() {
    let text = r#"{"price":1.10,"user":{"id":12345678901234567890,"ok":true},"name":"a\"b","none":null}"#;
    let read = rows(text, &Format::Jsonl, &["price", "user.id", "user.ok", "name", "none", "absent", "absent.too"]);
    assert_eq!(read[0].1, cells(&["1.10", "12345678901234567890", "true", "a\"b", "", "", ""]));
    assert!(rows("[1]\n", &Format::Jsonl, &["a"])[0].1.is_err());
}

#[test]
fn what_cannot_be_read_does_not_end_the_file() {
    let mut text = b"a \xff\n".to_vec();
    text.extend(vec![b'x'; usize::try_from(lines::LINE_BYTES_MAX).unwrap() + 10]);
    text.extend(b"\nb 2\n");
    let format = Format::Whitespace { skip_lines: 0, columns: vec!["id".into(), "n".into()] };
    let read = rows(text, &format, &["id"]);
    assert!(read[0].1.as_ref().unwrap_err().contains("UTF-8"));
    assert!(read[1].1.as_ref().unwrap_err().contains("longer"));
    assert_eq!((read[2].0, &read[2].1), (3, &cells(&["b"])));
}
