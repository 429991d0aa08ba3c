//! Each kind of change is named as what it is.

use super::*;

fn id(number: u8) -> IdentifierId {
    IdentifierId([number; 16])
}

fn customer(id_of: u8, identifiers: &[u8]) -> Customer {
    Customer { id: id(id_of), identifiers: identifiers.iter().copied().map(id).collect() }
}

fn told(holders: &[(u8, u8)]) -> Holders {
    holders.iter().map(|(held, by)| (id(*held), Holder { customer: id(*by), cut: false })).collect()
}

fn said(now: &[Customer], told: &Holders) -> Vec<(ChangeKind, u8, u8, Vec<u8>)> {
    let byte = |id: &IdentifierId| id.0[0];
    let shown = |one: Move| (one.kind, byte(&one.from), byte(&one.to), one.identifiers.iter().map(byte).collect());
    moves(now, told).into_iter().map(shown).collect()
}

#[test]
fn first_appearances_and_what_stays_are_no_change() {
    let now = [customer(1, &[1, 2, 3])];
    assert_eq!(said(&now, &told(&[])), []);
    assert_eq!(said(&now, &told(&[(1, 1), (2, 1)])), []);
}

#[test]
fn of_two_that_meet_the_id_that_goes_is_merged() {
    let now = [customer(1, &[1, 2, 3, 4])];
    let told = told(&[(1, 1), (2, 1), (3, 3)]);
    assert_eq!(said(&now, &told), [(ChangeKind::Merged, 3, 1, vec![3])]);
}

#[test]
fn of_two_that_meet_under_earlier_evidence_both_are_merged() {
    let now = [customer(9, &[1, 3, 9])];
    let found = said(&now, &told(&[(1, 1), (3, 3)]));
    assert_eq!(found, [(ChangeKind::Merged, 1, 9, vec![1]), (ChangeKind::Merged, 3, 9, vec![3])]);
}

#[test]
fn the_same_people_under_another_id_are_renamed() {
    let now = [customer(2, &[1, 2, 5])];
    assert_eq!(said(&now, &told(&[(1, 1), (2, 1)])), [(ChangeKind::Renamed, 1, 2, vec![1, 2])]);
}

#[test]
fn what_leaves_is_separated_and_the_id_goes_with_its_own_identifier() {
    let before = told(&[(1, 1), (2, 1), (3, 1)]);
    let now = [customer(1, &[1, 2]), customer(3, &[3])];
    assert_eq!(said(&now, &before), [(ChangeKind::Separated, 1, 3, vec![3])]);
    // Seen from one side alone.
    assert_eq!(said(&now[1..], &before), [(ChangeKind::Separated, 1, 3, vec![3])]);
    // The rest goes by another id.
    let now = [customer(2, &[1, 2]), customer(3, &[3])];
    let found = said(&now, &before);
    assert_eq!(found, [(ChangeKind::Renamed, 1, 2, vec![1, 2]), (ChangeKind::Separated, 1, 3, vec![3])]);
}

#[test]
fn a_crowd_is_told_in_pieces() {
    let many: Vec<IdentifierId> = (0..2_500_u128).map(|number| IdentifierId(number.to_be_bytes())).collect();
    let told = many.iter().map(|held| (*held, Holder { customer: many[0], cut: false })).collect();
    let now = [Customer { id: many[1], identifiers: many.clone() }];
    let found = moves(&now, &told);
    let all: Vec<IdentifierId> = found.iter().flat_map(|one| one.identifiers.clone()).collect();
    assert_eq!((found.len(), all), (3, many));
}
