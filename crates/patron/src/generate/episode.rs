//! Which episode comes next: by the hour, and by how often each kind of episode happens.

use rand::RngExt as _;

use super::{digital, hours, marketing, sales, script::Script, service, visit};

type Play = fn(&mut Script<'_>);

/// Episodes of the hours in which stores are open, with their weights.
const BY_DAY: [(u32, Play); 8] = [
    (18, visit::play),
    (16, sales::play),
    (25, digital::web),
    (20, digital::app),
    (12, marketing::play),
    (3, service::case),
    (2, service::review),
    (4, service::member),
];

/// Episodes of the other hours.
const BY_NIGHT: [(u32, Play); 4] = [(46, digital::web), (44, digital::app), (6, service::member), (4, service::review)];

/// Writes one episode.
pub(crate) fn play(script: &mut Script<'_>) {
    if hours::stores_are_open(script.at) { draw(script, &BY_DAY) } else { draw(script, &BY_NIGHT) }
}

fn draw(script: &mut Script<'_>, episodes: &[(u32, Play)]) {
    let mut left = script.rng.random_range(0..episodes.iter().map(|(weight, _)| weight).sum::<u32>());
    for (weight, play) in episodes {
        if left < *weight {
            return play(script);
        }
        left -= weight;
    }
}
