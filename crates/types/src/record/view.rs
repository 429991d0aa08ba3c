//! An envelope read where it lies: the fold needs a few of its fields once, and copies none of them.

use prost::encoding::{DecodeContext, WireType, check_wire_type, decode_key, decode_varint, message, skip_field};

use super::PayloadType;
use crate::Micros;

/// What the fold reads of an envelope: the fields as `Envelope::decode` gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnvelopeView<'a> {
    /// `format_version`
    pub format_version: u32,
    /// `partition_key`
    pub partition_key: &'a [u8],
    /// `source`
    pub source: &'a str,
    /// `received_at`; `None` where absent.
    pub received_at: Option<Micros>,
    /// `payload_type`; unspecified where a newer version wrote one that is not known here.
    pub payload_type: PayloadType,
    /// `payload`
    pub payload: &'a [u8],
}

impl<'a> EnvelopeView<'a> {
    /// Reads an encoded envelope; `None` where `Envelope::decode` refuses it.
    pub fn decode(mut bytes: &'a [u8]) -> Option<Self> {
        let (mut view, mut received_at) = (Self::default(), None::<prost_types::Timestamp>);
        while !bytes.is_empty() {
            let (tag, wire_type) = decode_key(&mut bytes).ok()?;
            match tag {
                1 => view.format_version = varint(wire_type, &mut bytes)? as u32,
                2 => view.partition_key = slice(wire_type, &mut bytes)?,
                3 => view.source = text(wire_type, &mut bytes)?,
                5 => {
                    let time = received_at.get_or_insert_default();
                    message::merge(wire_type, time, &mut bytes, DecodeContext::default()).ok()?;
                }
                8 => view.payload_type = payload_type(varint(wire_type, &mut bytes)?),
                9 => view.payload = slice(wire_type, &mut bytes)?,
                // The credential, the key, and what is sealed under it: not read, but no rubbish either.
                4 | 6 => drop(text(wire_type, &mut bytes)?),
                7 => drop(slice(wire_type, &mut bytes)?),
                _ => skip_field(wire_type, tag, &mut bytes, DecodeContext::default()).ok()?,
            }
        }
        view.received_at = received_at.as_ref().map(Micros::from_proto);
        Some(view)
    }

    /// `received_at`; 0 where absent.
    pub fn received(&self) -> Micros {
        self.received_at.unwrap_or(Micros(0))
    }
}

fn varint(wire_type: WireType, bytes: &mut &[u8]) -> Option<u64> {
    check_wire_type(WireType::Varint, wire_type).ok()?;
    decode_varint(bytes).ok()
}

pub(super) fn slice<'a>(wire_type: WireType, bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    check_wire_type(WireType::LengthDelimited, wire_type).ok()?;
    let length = usize::try_from(decode_varint(bytes).ok()?).ok()?;
    let (slice, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(slice)
}

pub(super) fn text<'a>(wire_type: WireType, bytes: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(slice(wire_type, bytes)?).ok()
}

fn payload_type(number: u64) -> PayloadType {
    PayloadType::try_from(number as i32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{super::Envelope, *};
    use proptest::prelude::*;
    use prost::Message;

    fn view(envelope: &Envelope) -> EnvelopeView<'_> {
        EnvelopeView {
            format_version: envelope.format_version,
            partition_key: &envelope.partition_key,
            source: &envelope.source,
            received_at: envelope.received_at.as_ref().map(Micros::from_proto),
            payload_type: envelope.payload_type(),
            payload: &envelope.payload,
        }
    }

    fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
        let read = Envelope::decode(bytes).ok();
        prop_assert_eq!(EnvelopeView::decode(bytes), read.as_ref().map(view));
        Ok(())
    }

    fn any_envelope() -> impl Strategy<Value = Envelope> {
        let texts = (".{0,3}", ".{0,3}", ".{0,3}");
        let bytes = (any::<Vec<u8>>(), any::<Vec<u8>>(), any::<Vec<u8>>());
        let time = prop::option::of((-9_000_000_000..9_000_000_000_i64, 0..1_000_000_000));
        (any::<u32>(), texts, bytes, time, -1..9_i32).prop_map(
            |(
                format_version,
                (source, credential_id, key_id),
                (partition_key, sealed, payload),
                time,
                payload_type,
            )| {
                let received_at = time.map(|(seconds, nanos)| prost_types::Timestamp { seconds, nanos });
                let texts = Envelope { source, credential_id, key_id, ..Envelope::default() };
                Envelope { format_version, partition_key, received_at, sealed, payload_type, payload, ..texts }
            },
        )
    }

    proptest! {
        #[test]
        fn it_reads_what_prost_reads(first in any_envelope(), second in any_envelope(), more: Vec<u8>) {
            // One after the other, fields come twice, and rubbish follows.
            let bytes = [first.encode_to_vec(), second.encode_to_vec(), more].concat();
            check(&bytes)?;
        }

        #[test]
        fn it_refuses_what_prost_refuses(envelope in any_envelope(), at: prop::sample::Index, byte: u8, cut: bool) {
            let mut bytes = envelope.encode_to_vec();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                if cut {
                    bytes.truncate(at);
                }
            }
            check(&bytes)?;
        }

        #[test]
        fn rubbish_is_read_alike(bytes in prop::collection::vec(prop_oneof![0..80_u8, any::<u8>()], 0..24)) {
            check(&bytes)?;
        }
    }
}
