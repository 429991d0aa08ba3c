//! A reader of just the fields that the fold needs, over prost's primitives: texts and lists are borrowed, nothing is allocated
//! once its two lists have grown.

use anyhow::{Context as _, Result, bail};
use prost::encoding::{WireType, decode_key, decode_varint};

/// What the fold needs of a record. Kept between records, so that its lists keep their room.
#[derive(Debug, Default)]
pub(super) struct Lean<'a> {
    pub(super) partition_key: &'a [u8],
    pub(super) received_at: (i64, i64),
    pub(super) payload_type: u64,
    pub(super) payload: &'a [u8],
    pub(super) source: &'a str,
    pub(super) message_id: &'a str,
    pub(super) kind: &'a str,
    pub(super) identifiers: Vec<Pair<'a>>,
    pub(super) occurred_at: (i64, i64),
    pub(super) store_id: &'a str,
    pub(super) channel: &'a str,
    pub(super) visit_id: &'a str,
    pub(super) order_id: &'a str,
    pub(super) total: Pair<'a>,
    pub(super) items: Vec<Item<'a>>,
}

/// Two texts: namespace and value, or amount and currency.
pub(super) type Pair<'a> = (&'a str, &'a str);

/// What the fold needs of an item.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Item<'a> {
    pub(super) product_id: &'a str,
    pub(super) category: &'a str,
    pub(super) quantity: &'a str,
    pub(super) price: Pair<'a>,
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Lean<'a> {
    /// Reads an envelope and the touchpoint in it, over what was read before.
    pub(super) fn read(&mut self, record: &'a [u8]) -> Result<()> {
        let (mut identifiers, mut items) = (std::mem::take(&mut self.identifiers), std::mem::take(&mut self.items));
        identifiers.clear();
        items.clear();
        *self = Self { identifiers, items, ..Self::default() };
        fields(record, |tag, value| self.envelope(tag, value))?;
        fields(self.payload, |tag, value| self.touchpoint(tag, value))
    }

    fn envelope(&mut self, tag: u32, value: Value<'a>) -> Result<()> {
        match (tag, value) {
            (2, Value::Bytes(bytes)) => self.partition_key = bytes,
            (5, Value::Bytes(bytes)) => self.received_at = instant(bytes)?,
            (8, Value::Number(number)) => self.payload_type = number,
            (9, Value::Bytes(bytes)) => self.payload = bytes,
            _ => {}
        }
        Ok(())
    }

    fn touchpoint(&mut self, tag: u32, value: Value<'a>) -> Result<()> {
        let Value::Bytes(bytes) = value else { return Ok(()) };
        match tag {
            1 => self.source = text(bytes)?,
            2 => self.message_id = text(bytes)?,
            3 => self.kind = text(bytes)?,
            4 => self.identifiers.push(pair(bytes)?),
            5 => self.occurred_at = instant(bytes)?,
            7 => self.store_id = text(bytes)?,
            9 => self.channel = text(bytes)?,
            10 => self.visit_id = text(bytes)?,
            13 => fields(bytes, |tag, value| self.order(tag, value))?,
            14 => self.items.push(item(bytes)?),
            _ => {}
        }
        Ok(())
    }

    fn order(&mut self, tag: u32, value: Value<'a>) -> Result<()> {
        match (tag, value) {
            (1, Value::Bytes(bytes)) => self.order_id = text(bytes)?,
            (2, Value::Bytes(bytes)) => self.total = pair(bytes)?,
            _ => {}
        }
        Ok(())
    }
}

fn item(bytes: &[u8]) -> Result<Item<'_>> {
    let mut item = Item::default();
    fields(bytes, |tag, value| {
        match (tag, value) {
            (1, Value::Bytes(bytes)) => item.product_id = text(bytes)?,
            (3, Value::Bytes(bytes)) => item.category = text(bytes)?,
            (5, Value::Bytes(bytes)) => item.quantity = text(bytes)?,
            (6, Value::Bytes(bytes)) => item.price = pair(bytes)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(item)
}

fn pair(bytes: &[u8]) -> Result<Pair<'_>> {
    let mut pair = Pair::default();
    fields(bytes, |tag, value| {
        match (tag, value) {
            (1, Value::Bytes(bytes)) => pair.0 = text(bytes)?,
            (2, Value::Bytes(bytes)) => pair.1 = text(bytes)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(pair)
}

/// Seconds and nanoseconds.
fn instant(bytes: &[u8]) -> Result<(i64, i64)> {
    let mut instant = (0, 0);
    fields(bytes, |tag, value| {
        match (tag, value) {
            (1, Value::Number(number)) => instant.0 = number.cast_signed(),
            (2, Value::Number(number)) => instant.1 = number.cast_signed(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(instant)
}

fn text(bytes: &[u8]) -> Result<&str> {
    Ok(std::str::from_utf8(bytes)?)
}

/// Gives each field of a message; those of fixed width, which no field here has, are passed over.
fn fields<'a>(mut bytes: &'a [u8], mut each: impl FnMut(u32, Value<'a>) -> Result<()>) -> Result<()> {
    while !bytes.is_empty() {
        let (tag, wire) = decode_key(&mut bytes)?;
        match wire {
            WireType::Varint => each(tag, Value::Number(decode_varint(&mut bytes)?))?,
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut bytes)?)?;
                each(tag, Value::Bytes(take(&mut bytes, length)?))?;
            }
            WireType::SixtyFourBit => drop(take(&mut bytes, 8)?),
            WireType::ThirtyTwoBit => drop(take(&mut bytes, 4)?),
            WireType::StartGroup | WireType::EndGroup => bail!("field {tag} is a group, which this schema has none of"),
        }
    }
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    bytes.split_off(..length).context("a field is longer than its record")
}
