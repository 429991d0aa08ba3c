//! What could not be taken: the original bytes, where they lay, and why – as a record of `dead-letters`.
//!
//! Owns the record's form: the original value as the value, all else as headers, those of Kafka Connect's error reporting
//! (`__connect.errors.…`, KIP-298) among them, so that common tools can read it. Never judges, never mends.

use crate::Micros;

#[cfg(test)]
mod tests;

/// Where a record lay that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Name of the topic.
    pub topic: String,
    /// Its id: a topic made again has another.
    pub topic_id: String,
    /// Its partition.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
}

impl Origin {
    /// `TOPIC_ID/PARTITION/OFFSET`: names the record for ever. Also the message id of a touchpoint that came without one.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.topic_id, self.partition, self.offset)
    }
}

/// At which step it failed, in Kafka Connect's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its bytes could not be read.
    Decoding,
    /// It was read, and refused.
    Admission,
}

impl Stage {
    /// Kafka Connect's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decoding => "VALUE_CONVERTER",
            Self::Admission => "TRANSFORMATION",
        }
    }

    fn of_name(name: &str) -> Self {
        if name == Self::Admission.name() { Self::Admission } else { Self::Decoding }
    }
}

/// Why it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// A name of a closed list; letters are grouped by it.
    pub reason: String,
    /// Field, problem and remedy; nothing personal.
    pub description: String,
    /// The step.
    pub stage: Stage,
    /// Who refused it: `patron-ingest`, `patron-projector`.
    pub by: String,
}

/// A record that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it lay.
    pub origin: Origin,
    /// Why it is here.
    pub cause: Cause,
    /// The original record's timestamp.
    pub received_at: Micros,
    /// The original key.
    pub key: Option<Vec<u8>>,
    /// The original value, verbatim; none where it was null.
    pub value: Option<Vec<u8>>,
    /// The original headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Whether value, or key and headers too, were too large to be kept: they lie at the origin for as long as that is kept.
    pub value_left_out: bool,
}

/// How a dead letter was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was taken at last.
    Redriven,
    /// An operator gave it up.
    Dropped,
}

impl Settlement {
    fn name(self) -> &'static str {
        match self {
            Self::Redriven => "redriven",
            Self::Dropped => "dropped",
        }
    }
}

/// A record of `dead-letters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeadLetterRecord {
    /// Something could not be taken.
    Letter(Box<DeadLetter>),
    /// The letter of this id is settled.
    Settled(String, Settlement),
}

/// What stands before the names of original headers that look like ours.
const ORIGINAL: &str = "patron.original.";

/// What stands behind the id of a letter in the key of its settlement.
const SETTLED: &str = "/settled";

/// A record's parts: key, value, headers.
pub type Parts = (Vec<u8>, Vec<u8>, Vec<(String, Vec<u8>)>);

const CONNECT: &str = "__connect.errors.";
const PATRON: &str = "patron.dead_letter.";

impl DeadLetterRecord {
    /// The record's parts. A letter's key is its id; a settlement has a key of its own, so that a compacted topic keeps it
    /// for ever, whatever letters of the same id are written later.
    pub fn encode(self) -> Parts {
        match self {
            Self::Letter(letter) => letter.encode(),
            Self::Settled(id, settlement) => ((id + SETTLED).into_bytes(), Vec::new(), marks(settlement)),
        }
    }

    /// What takes the place of a settled letter, so that a compacted topic lets go of its bytes.
    pub fn in_place_of(id: String, settlement: Settlement) -> Parts {
        (id.into_bytes(), Vec::new(), marks(settlement))
    }

    /// Reads a record's parts; `None` if they are no record of `dead-letters`.
    pub fn decode((key, value, headers): Parts) -> Option<Self> {
        let key = String::from_utf8(key).ok()?;
        let id = key.strip_suffix(SETTLED).unwrap_or(&key).to_owned();
        match text(&headers, PATRON, "settlement").as_deref() {
            Some("redriven") => Some(Self::Settled(id, Settlement::Redriven)),
            Some("dropped") => Some(Self::Settled(id, Settlement::Dropped)),
            Some(_) => None,
            None => DeadLetter::decode(value, headers).map(|letter| Self::Letter(Box::new(letter))),
        }
    }
}

fn marks(settlement: Settlement) -> Vec<(String, Vec<u8>)> {
    vec![patron("settlement", settlement.name().as_bytes())]
}

impl DeadLetter {
    /// The record's parts, within so many bytes: without the value where it is too large, and without key and headers where
    /// even they are.
    pub fn encode_within(self, bytes_max: usize) -> Parts {
        let fits = |parts: &Parts| size(parts) <= bytes_max;
        let whole = self.clone().encode();
        if fits(&whole) {
            return whole;
        }
        let without_value = Self { value: None, value_left_out: true, ..self };
        let parts = without_value.clone().encode();
        if fits(&parts) {
            return parts;
        }
        Self { key: None, headers: Vec::new(), ..without_value }.encode()
    }

    fn encode(self) -> Parts {
        let id = self.origin.id();
        let mut headers: Vec<_> = self.headers.into_iter().map(set_apart).collect();
        let Cause { reason, description, stage, by } = self.cause;
        let facts = [
            ("topic", self.origin.topic.clone()),
            ("partition", self.origin.partition.to_string()),
            ("offset", self.origin.offset.to_string()),
            ("connector.name", by.clone()),
            ("task.id", "0".to_owned()),
            ("stage", stage.name().to_owned()),
            ("class.name", by),
            ("exception.class.name", reason),
            ("exception.message", description),
        ];
        headers.extend(facts.map(|(name, value)| (format!("{CONNECT}{name}"), value.into_bytes())));
        headers.push(patron("topic_id", self.origin.topic_id.as_bytes()));
        headers.push(patron("received_at", self.received_at.0.to_string().as_bytes()));
        headers.extend(self.key.map(|key| patron("key", &key)));
        headers.extend(
            self.value.is_none().then(|| patron("value", if self.value_left_out { b"left_out" } else { b"null" })),
        );
        (id.into_bytes(), self.value.unwrap_or_default(), headers)
    }

    fn decode(value: Vec<u8>, headers: Vec<(String, Vec<u8>)>) -> Option<Self> {
        let connect = |name: &str| text(&headers, CONNECT, name);
        let patron = |name: &str| text(&headers, PATRON, name);
        let origin = Origin {
            topic: connect("topic")?,
            topic_id: patron("topic_id")?,
            partition: connect("partition")?.parse().ok()?,
            offset: connect("offset")?.parse().ok()?,
        };
        let cause = Cause {
            reason: connect("exception.class.name")?,
            description: connect("exception.message")?,
            stage: Stage::of_name(&connect("stage")?),
            by: connect("connector.name")?,
        };
        let received_at = Micros(patron("received_at")?.parse().ok()?);
        let (absent, key) = (patron("value"), last(&headers, PATRON, "key").map(<[u8]>::to_vec));
        let own = |name: &str| name.starts_with(CONNECT) || name.starts_with(PATRON);
        let original = |(name, value): (String, Vec<u8>)| {
            let name = name.strip_prefix(ORIGINAL).map_or(name.clone(), str::to_owned);
            (name, value)
        };
        Some(Self {
            origin,
            cause,
            received_at,
            key,
            value_left_out: absent.as_deref() == Some("left_out"),
            value: absent.is_none().then_some(value),
            headers: headers.into_iter().filter(|(name, _)| !own(name)).map(original).collect(),
        })
    }
}

fn patron(name: &str, value: &[u8]) -> (String, Vec<u8>) {
    (format!("{PATRON}{name}"), value.to_vec())
}

/// An original header that could be taken for one of ours, as those of a letter that is read as a raw record.
fn set_apart((name, value): (String, Vec<u8>)) -> (String, Vec<u8>) {
    let alike = [CONNECT, PATRON, ORIGINAL].iter().any(|prefix| name.starts_with(prefix));
    (if alike { format!("{ORIGINAL}{name}") } else { name }, value)
}

/// Bytes of a record's parts, with what journals count for a header.
fn size((key, value, headers): &Parts) -> usize {
    const HEADER_OVERHEAD_BYTES: usize = 8;
    let header = |(name, value): &(String, Vec<u8>)| name.len() + value.len() + HEADER_OVERHEAD_BYTES;
    key.len() + value.len() + headers.iter().map(header).sum::<usize>()
}

/// The last of a name.
fn last<'h>(headers: &'h [(String, Vec<u8>)], prefix: &str, name: &str) -> Option<&'h [u8]> {
    let named = |header: &&(String, Vec<u8>)| header.0.strip_prefix(prefix) == Some(name);
    headers.iter().rev().find(named).map(|(_, value)| value.as_slice())
}

fn text(headers: &[(String, Vec<u8>)], prefix: &str, name: &str) -> Option<String> {
    last(headers, prefix, name).and_then(|value| String::from_utf8(value.to_vec()).ok())
}
