//! Customers with several identifiers each, no two of their touchpoints with the same ones: so that links hold them together
//! over more than one path. Some share a tablet, many meet at a kiosk, some touchpoints lose against one of their name.

use rand::{RngExt as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use tests::touchpoints::{identifier_of, touchpoint};
use types::{Micros, record::Touchpoint};

/// Touchpoints of each customer.
const TOUCHPOINTS: u64 = 3;
/// Customers who go to one kiosk.
const OF_A_KIOSK: u64 = 2_500;
/// 2026-03-01, and the seconds of 90 days.
const START: i64 = 1_772_323_200;
const SPAN: i64 = 90 * 86_400;
const RECEIVED: Micros = Micros(1_800_000_000_000_000);

/// All touchpoints of so many customers, the same in every run.
pub(crate) fn arrivals(customers: u64) -> Vec<(Touchpoint, Micros)> {
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    (0..customers).flat_map(|number| of_customer(number, &mut rng)).map(|one| (one, RECEIVED)).collect()
}

fn of_customer(number: u64, rng: &mut ChaCha8Rng) -> Vec<Touchpoint> {
    let mut own = identifiers(number, rng);
    let mut touchpoints = Vec::new();
    for message in 0..TOUCHPOINTS {
        own.shuffle(rng);
        let (who, rest) = own.split_at(rng.random_range(2..=3).min(own.len()));
        let mut named = named(&format!("{number}-{message}"), who, rng);
        if rng.random_ratio(1, 20) {
            named.identifiers.push(identifier_of(&format!("device_id:tablet{:05}", number / 2)));
        }
        if rng.random_ratio(1, 20) {
            named.identifiers.push(identifier_of(&format!("device_id:kiosk{:05}", number / OF_A_KIOSK)));
        }
        touchpoints.extend(rest.first().filter(|_| rng.random_ratio(1, 50)).map(|more| loser(&named, more)));
        touchpoints.push(named);
    }
    touchpoints
}

/// Three to seven identifiers.
fn identifiers(number: u64, rng: &mut ChaCha8Rng) -> Vec<String> {
    let all = [
        (100, format!("user_id:u{number:05}")),
        (70, format!("loyalty_card:25{number:09}")),
        (100, format!("email:ann{number:05}@post.example")),
        (45, format!("phone:+431555{number:07}")),
        (100, format!("device_id:own{number:05}")),
        (30, format!("device_id:second{number:05}")),
        (50, format!("anonymous_id:browser{number:05}")),
    ];
    all.into_iter().filter(|(percent, _)| rng.random_ratio(*percent, 100)).map(|(_, name)| name).collect()
}

fn named(message: &str, who: &[String], rng: &mut ChaCha8Rng) -> Touchpoint {
    let second = START + rng.random_range(0..SPAN);
    let mut named = touchpoint("page_viewed", message, second, who.first().map_or("", String::as_str));
    named.identifiers = who.iter().map(|name| identifier_of(name)).collect();
    named
}

/// Of the same name, later, and with one identifier more: no evidence for it. Where that one is the strongest, it is another
/// touchpoint, and counts.
fn loser(winner: &Touchpoint, more: &str) -> Touchpoint {
    let mut loser = winner.clone();
    loser.identifiers.push(identifier_of(more));
    loser.occurred_at.iter_mut().for_each(|at| at.seconds += 1);
    loser
}
