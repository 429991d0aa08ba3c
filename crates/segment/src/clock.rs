//! The clock by which windows are evaluated: the wall's, a fixed instant, or the watermark of what is folded.
//!
//! Never reads the wall's clock itself: that comes in as an argument.

use types::Micros;

/// Which clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The machine's.
    #[default]
    Wall,
    /// Always this instant.
    Fixed(Micros),
    /// As far as occurred_at has come: replays and data of the past see themselves in their own time.
    Watermark,
}

impl Clock {
    /// Reads `wall`, `watermark` or `fixed:2026-03-01T00:00:00Z`.
    ///
    /// # Errors
    /// Says in words what is none of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            "wall" => Ok(Self::Wall),
            "watermark" => Ok(Self::Watermark),
            _ => match text.strip_prefix("fixed:") {
                Some(at) => Micros::parse_rfc3339(at).map(Self::Fixed),
                None => Err(format!("`{text}` is no clock; give wall, watermark or fixed:2026-03-01T00:00:00Z")),
            },
        }
    }

    /// The instant, by the wall's clock and by how far the shards are.
    pub fn now(self, wall: Micros, shards: &[Shard]) -> Micros {
        match self {
            Self::Wall => wall,
            Self::Fixed(at) => at,
            Self::Watermark => watermark(shards),
        }
    }
}

/// How far a shard is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Whether the journal holds more than is folded.
    pub lags: bool,
    /// The latest occurred_at folded.
    pub newest: Option<Micros>,
}

/// The least newest occurred_at of the shards that lag; where none does, the greatest of all.
fn watermark(shards: &[Shard]) -> Micros {
    let least = shards.iter().filter(|shard| shard.lags).map(|shard| shard.newest.unwrap_or_default()).min();
    least.unwrap_or_else(|| shards.iter().filter_map(|shard| shard.newest).max().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watermark_waits_for_those_that_lag() {
        let shard = |lags, newest| Shard { lags, newest: Some(Micros(newest)) };
        let all = [shard(false, 500), shard(true, 300), shard(false, 900)];
        assert_eq!(watermark(&all), Micros(300));
        assert_eq!(watermark(&[all[0], all[2]]), Micros(900));
        assert_eq!(watermark(&[]), Micros(0));
    }

    #[test]
    fn clocks_are_read() {
        assert_eq!(Clock::parse("fixed:1970-01-01T00:00:01Z"), Ok(Clock::Fixed(Micros(1_000_000))));
        assert_eq!(Clock::parse("watermark"), Ok(Clock::Watermark));
        assert!(Clock::parse("sundial").unwrap_err().contains("give wall"));
    }
}
