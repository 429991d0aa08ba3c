//! Which manifest counts, and what a later one may not change.

use journal::memory::MemoryJournal;
use types::normal_form::PhoneRegion;

use super::*;

fn in_region(code: &str) -> Normaliser {
    Normaliser::new(PhoneRegion::parse(code).unwrap())
}

fn opened(definitions: &MemoryJournal, hash_key: &str, region: &str) -> anyhow::Result<()> {
    hold(definitions, &definitions.topology(), &HashKey::derive(hash_key), &in_region(region))
}

#[test]
fn the_first_start_says_what_all_later_ones_must_say() {
    let definitions = MemoryJournal::new(1);
    let key = HashKey::derive("a");
    assert!(!agrees(&definitions, &definitions.topology(), &key, &in_region("CN")).unwrap());
    opened(&definitions, "a", "CN").unwrap();
    opened(&definitions, "a", "cn").unwrap();
    assert_eq!(definitions.ends().unwrap(), [1]);
    let said = format!("{:#}", opened(&definitions, "a", "").unwrap_err());
    assert!(said.contains("set identity.phone_region = \"CN\"") && said.contains("kafka.topic_prefix"), "{said}");
    assert!(opened(&definitions, "b", "CN").unwrap_err().to_string().contains("hash key"));
}

#[test]
fn a_journal_from_before_normal_forms_gets_one_at_its_first_start() {
    let definitions = MemoryJournal::new(1);
    let older = JournalManifest {
        phone_region: String::new(),
        normaliser_version: 0,
        ..manifest(&definitions.topology(), &HashKey::derive("a"), &in_region(""))
    };
    journal::wait(definitions.append(vec![record(&older)])).unwrap();
    assert!(opened(&definitions, "b", "AT").is_err(), "the first one counts for all else");
    opened(&definitions, "a", "AT").unwrap();
    assert!(opened(&definitions, "a", "").is_err());
    opened(&definitions, "a", "AT").unwrap();
    assert_eq!(definitions.ends().unwrap(), [2]);
}
