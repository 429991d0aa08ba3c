//! The clock by which windows are evaluated: the wall's, a fixed instant, or the watermark of what is folded.
//!
//! The only place in query that reads a clock for an answer.

use store::family::shards::ShardRow;
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

    /// The instant of an answer over these shards, whose journal ends at `ends`.
    pub(crate) fn now(self, shards: &[(u32, ShardRow)], ends: Option<&[u64]>) -> Micros {
        match self {
            Self::Wall => Micros(jiff::Timestamp::now().as_microsecond()),
            Self::Fixed(at) => at,
            Self::Watermark => watermark(shards, ends),
        }
    }
}

/// The least newest occurred_at of the shards that lag behind the journal's end; where none does, the greatest of all.
fn watermark(shards: &[(u32, ShardRow)], ends: Option<&[u64]>) -> Micros {
    let end = |partition: u32| ends.and_then(|ends| ends.get(usize::try_from(partition).ok()?).copied());
    let lagging = shards.iter().filter(|(partition, row)| end(*partition).is_some_and(|end| row.applied < end));
    let least = lagging.map(|(_, row)| row.newest_occurred_at.unwrap_or_default()).min();
    let greatest = || shards.iter().filter_map(|(_, row)| row.newest_occurred_at).max().unwrap_or_default();
    least.unwrap_or_else(greatest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(partition: u32, applied: u64, newest: i64) -> (u32, ShardRow) {
        (partition, ShardRow { applied, newest_occurred_at: Some(Micros(newest)), ..ShardRow::default() })
    }

    #[test]
    fn the_watermark_waits_for_those_that_lag() {
        let shards = [shard(0, 10, 500), shard(1, 4, 300), shard(2, 7, 900)];
        assert_eq!(watermark(&shards, Some(&[10, 5, 7])), Micros(300));
        assert_eq!(watermark(&shards, Some(&[10, 4, 7])), Micros(900));
        assert_eq!(watermark(&shards, None), Micros(900));
        assert_eq!(watermark(&[], None), Micros(0));
    }

    #[test]
    fn clocks_are_read() {
        assert_eq!(Clock::parse("fixed:1970-01-01T00:00:01Z"), Ok(Clock::Fixed(Micros(1_000_000))));
        assert_eq!(Clock::parse("watermark"), Ok(Clock::Watermark));
        assert!(Clock::parse("sundial").unwrap_err().contains("give wall"));
    }
}
