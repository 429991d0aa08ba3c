//! Checks of numbers: quantities, score, duration, points. Also of items that say nothing.

use proto::ingest::Reason;
use types::Decimal;
use types::limits::{DURATION_SECONDS_MAX, ITEMS_MAX, POINTS_MAX, QUANTITY_MILLIONTHS_MAX, SCORE_MAX, TEXT_BYTES_MAX};
use types::record::{Item, Score, Touchpoint};

use super::findings::Findings;

pub(super) fn check(touchpoint: &Touchpoint, findings: &mut Findings) {
    findings.count(format_args!("items"), touchpoint.items.len(), ITEMS_MAX);
    touchpoint.items.iter().enumerate().for_each(|(index, one)| item(index, one, findings));
    touchpoint.score.iter().for_each(|one| score(one, findings));
    touchpoint.duration.iter().for_each(|one| duration(one, findings));
    if !(0..=POINTS_MAX).contains(&touchpoint.points) {
        let points = touchpoint.points;
        let remedy = "points earned and points spent are both positive: the kind says which";
        let description = format!("{points} is not from 0 to {POINTS_MAX}; {remedy}");
        findings.add(Reason::OutOfRange, format_args!("points"), description);
    }
}

fn item(index: usize, item: &Item, findings: &mut Findings) {
    if *item == Item::default() {
        let description = "the item is empty; name its product in product_id, or leave the item out";
        findings.add(Reason::Required, format_args!("items[{index}]"), description);
    }
    if !item.quantity.is_empty() {
        quantity(index, &item.quantity, findings);
    }
}

fn quantity(index: usize, quantity: &str, findings: &mut Findings) {
    let field = format_args!("items[{index}].quantity");
    match Decimal::parse(quantity) {
        Err(error) => findings.add(Reason::Malformed, field, format!("{error}; leave it out for one piece")),
        Ok(number) if number.0 < 0 => {
            let number = number.to_text(0);
            let remedy = "goods that came back have a positive quantity too: the kind says so";
            findings.add(Reason::OutOfRange, field, format!("{number} is negative; {remedy}"));
        }
        Ok(number) if number.0 > QUANTITY_MILLIONTHS_MAX => {
            let (number, limit) = (number.to_text(0), Decimal(QUANTITY_MILLIONTHS_MAX).to_text(0));
            findings.add(Reason::OutOfRange, field, format!("{number} is more than {limit}; check the unit"));
        }
        Ok(_) => {}
    }
}

fn score(score: &Score, findings: &mut Findings) {
    if *score != Score::default() {
        findings.given(format_args!("score.scale"), &score.scale, TEXT_BYTES_MAX, "name the scale, e.g. `nps`");
    }
    if !score.value.is_finite() || score.value.abs() > SCORE_MAX {
        let value = score.value;
        let description = format!("{value:e} is no finite number within ±{SCORE_MAX:e}; send the answer on its scale");
        findings.add(Reason::OutOfRange, format_args!("score.value"), description);
    }
}

fn duration(duration: &prost_types::Duration, findings: &mut Findings) {
    let (seconds, nanos) = (duration.seconds, duration.nanos);
    if seconds < 0 || nanos < 0 {
        let description = format!("{seconds} s and {nanos} ns are negative; send how long it lasted, or leave it out");
        findings.add(Reason::OutOfRange, format_args!("duration"), description);
    } else if nanos > 999_999_999 {
        let description = format!("nanos are {nanos}; they must be from 0 to 999,999,999");
        findings.add(Reason::Malformed, format_args!("duration"), description);
    } else if seconds > DURATION_SECONDS_MAX {
        let description =
            format!("{seconds} s are more than ten years ({DURATION_SECONDS_MAX} s); send seconds, not milliseconds");
        findings.add(Reason::OutOfRange, format_args!("duration"), description);
    }
}
