//! No bytes at all panic, and no finding tells a person's values: over messages of the SDKs, broken in every way.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::sdks::SDKS;
use super::*;

fn messages() -> Vec<&'static str> {
    SDKS.iter().flat_map(|(_, messages)| messages.lines()).collect()
}

/// Reads and admits; a refusal must say why.
fn survive(bytes: &[u8]) {
    match read(bytes, "web") {
        Err(findings) => assert!(!findings.is_empty()),
        Ok(touchpoint) => {
            let admitted = admit(touchpoint, RECEIVED, &Catalogue::default(), &BLOCKED, &Normaliser::default());
            assert!(admitted.map_or_else(|findings| !findings.is_empty(), |_| true));
        }
    }
}

/// Pointers to all values of a message, the message itself apart.
fn pointers(json: &Json, pointer: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Json)> = match json {
        Json::Array(list) => list.iter().enumerate().map(|(index, inner)| (index.to_string(), inner)).collect(),
        Json::Object(object) => object.iter().map(|(name, inner)| (name.clone(), inner)).collect(),
        _ => Vec::new(),
    };
    for (name, inner) in below {
        let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        pointers(inner, &pointer, found);
        found.push(pointer);
    }
}

fn all_pointers(message: &Json) -> Vec<String> {
    let mut found = Vec::new();
    pointers(message, "", &mut found);
    found
}

fn replaced(message: &Json, pointer: &str, value: Json) -> String {
    let mut message = message.clone();
    *message.pointer_mut(pointer).unwrap() = value;
    message.to_string()
}

/// Values that are hard on somebody.
fn awkward() -> Vec<String> {
    let texts = "null|true|-0|1e400|-1e-400|1e99999999999999999999|123456789012345678901234567890|\"\"|\" \"|\"\\ud800\"|\
                 \"\\u0000\"|\"Ω\"|\"1e3\"|\"-\"|[]|{}|[[]]|{\"a\": {}}|{\"\": null}|[null, 1, \"x\", {}]|{\"id\": 1, \"id\": 2}";
    let mut values: Vec<String> = texts.split('|').map(str::to_owned).collect();
    values.push(format!("{}1{}", "[".repeat(40), "]".repeat(40)));
    values.push(format!("\"{}\"", "x".repeat(600)));
    values
}

#[test]
fn every_value_may_be_anything() {
    for text in messages() {
        let message: Json = serde_json::from_str(text).unwrap();
        for pointer in all_pointers(&message) {
            for value in awkward() {
                let text = replaced(&message, &pointer, "\u{1}mark".into()).replace("\"\\u0001mark\"", &value);
                survive(text.as_bytes());
            }
        }
    }
}

#[test]
fn every_message_may_end_anywhere() {
    for message in messages() {
        (0..message.len()).for_each(|end| survive(&message.as_bytes()[..end]));
    }
}

const SECRET: &str = "4711-secret-of-a-person-4711-secret-of-a-person-4711-secret-of-a-person";

#[test]
fn no_finding_tells_a_whole_value() {
    for text in messages() {
        let message: Json = serde_json::from_str(text).unwrap();
        for pointer in all_pointers(&message) {
            for wrong in [json!(SECRET), json!([SECRET]), json!({ "x": SECRET })] {
                let text = replaced(&message, &pointer, wrong);
                for finding in read(text.as_bytes(), "web").err().unwrap_or_default() {
                    let shown = ["/type", "/event", "/timestamp", "/originalTimestamp"].contains(&pointer.as_str())
                        || pointer.starts_with("/properties/");
                    let limit = if shown { 46 } else { 11 };
                    assert!(!finding.description.contains(&SECRET[..limit]), "{pointer}: {finding:?}");
                }
            }
        }
    }
}

#[test]
fn no_finding_against_broken_json_tells_a_value() {
    let message =
        format!(r#"{{"type": "identify", "userId": "{SECRET}", "traits": {{"email": "{SECRET}", "age": 47}}}}"#);
    for end in 0..message.len() {
        for insert in ["", "\"", "{", "]", ",", "\\", "\u{1}", "x", "\\ud800"] {
            let broken = format!("{}{insert}{}", &message[..end], &message[end..]);
            for text in [broken.as_str(), &message[..end]] {
                for finding in read(text.as_bytes(), "web").err().unwrap_or_default() {
                    assert!(!finding.description.contains("secret"), "{text}: {finding:?}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn any_bytes_that_look_like_json(text in r#"[{}\[\],:"\\a-cute0-9.\-+eE \u{0}-\u{1f}]{0,120}"#) {
        survive(text.as_bytes());
        survive(format!(r#"{{"type": "track", "event": "Order Completed", "properties": {text}}}"#).as_bytes());
    }

    #[test]
    fn messages_with_bytes_changed(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..12),
    ) {
        let mut bytes = which.get(&messages()).as_bytes().to_vec();
        for (at, byte, change) in changes {
            let at = at.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        survive(&bytes);
    }
}
