use std::fs;

use super::*;

fn names(data_dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(data_dir.join(DIR)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_state_of_earlier_versions_becomes_the_first_generation() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join(EARLIER)).unwrap();
    fs::write(data.path().join(EARLIER).join("CURRENT"), "x").unwrap();
    let found = Directories::take_over(data.path()).unwrap();
    assert_eq!(found.named().live, 1);
    assert!(found.dir_of(1).join("CURRENT").exists() && !data.path().join(EARLIER).exists());
    assert_eq!(live_dir(data.path()).unwrap(), found.dir_of(1));
}

#[test]
fn what_is_not_named_is_removed_and_numbers_are_not_given_twice() {
    let data = tempfile::tempdir().unwrap();
    let mut found = Directories::take_over(data.path()).unwrap();
    let (number, dir) = found.fresh().unwrap();
    fs::create_dir(&dir).unwrap();
    found.name(Named { building: Some(number), last: number, ..found.named().clone() }).unwrap();
    fs::create_dir(found.dir_of(7)).unwrap();
    assert_eq!(found.remove_leftovers().unwrap(), [found.dir_of(7)]);
    found.name(Named { building: None, ..found.named().clone() }).unwrap();
    assert_eq!(found.remove_leftovers().unwrap(), [dir]);
    let again = Directories::take_over(data.path()).unwrap();
    assert_eq!((again.named(), again.fresh().unwrap().0), (found.named(), 3));
    assert_eq!(names(data.path()), [FILE]);
}

#[test]
fn a_lost_or_damaged_file_never_costs_a_state() {
    let data = tempfile::tempdir().unwrap();
    let found = Directories::take_over(data.path()).unwrap();
    fs::create_dir(found.dir_of(3)).unwrap();
    fs::remove_file(data.path().join(DIR).join(FILE)).unwrap();
    assert_eq!(Directories::take_over(data.path()).unwrap().named().live, 3);
    fs::create_dir(found.dir_of(4)).unwrap();
    fs::remove_file(data.path().join(DIR).join(FILE)).unwrap();
    let said = Directories::take_over(data.path()).unwrap_err().to_string();
    assert!(said.contains("00000003, 00000004") && said.contains("delete"), "{said}");
    fs::write(data.path().join(DIR).join(FILE), "live = \"x\"").unwrap();
    let said = live_dir(data.path()).unwrap_err().to_string();
    assert!(said.contains("does not say which"), "{said}");
}
