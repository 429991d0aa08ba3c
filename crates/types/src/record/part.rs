//! Messages within a touchpoint, read into memory that earlier ones left.
//!
//! Owns what is read here: only what prost surely reads, and as prost reads it. Whatever is unusual – a field that is not known, another
//! wire type, rubbish – is left to prost as a whole.

use prost::encoding::{WireType, decode_key};

use super::{
    Campaign, Coupon, Device, Identifier, Item, Money, Order,
    view::{slice, text},
};

/// Most parts of a kind that are kept while no touchpoint needs them.
const PARTS_MAX: usize = 4_096;
/// A text that took more gives its memory back.
const TEXT_BYTES_MAX: usize = 128;

/// Memory of parts whose touchpoint is no longer needed, for those of the next.
#[derive(Debug, Default)]
pub struct Spare {
    identifiers: Vec<Identifier>,
    campaigns: Vec<Campaign>,
    devices: Vec<Device>,
    orders: Vec<Order>,
    items: Vec<Item>,
    coupons: Vec<Coupon>,
    money: Vec<Money>,
}

/// A message of texts and sums of money.
pub(super) trait Part: Default {
    /// The highest number of a field.
    const FIELD_MAX: u32;

    /// Where spare ones lie.
    fn spare(spare: &mut Spare) -> &mut Vec<Self>;

    /// The text with this field number.
    fn text(&mut self, number: u32) -> Option<&mut String>;

    /// The sum with this field number.
    fn money(&mut self, number: u32) -> Option<&mut Option<Money>>;
}

impl Spare {
    /// Takes a part over that is no longer needed.
    pub(super) fn keep<P: Part>(&mut self, mut part: P) {
        for number in 1..=P::FIELD_MAX {
            if let Some(text) = part.text(number) {
                forget(text);
            } else if let Some(money) = part.money(number).and_then(Option::take) {
                self.keep(money);
            }
        }
        let parts = P::spare(self);
        if parts.len() < PARTS_MAX {
            parts.push(part);
        }
    }

    /// Reads a repeated field's next part, and puts it behind the others; `None` where it is unusual.
    pub(super) fn push<P: Part>(&mut self, parts: &mut Vec<P>, wire_type: WireType, bytes: &mut &[u8]) -> Option<()> {
        let mut part = self.one();
        self.read(&mut part, wire_type, bytes)?;
        parts.push(part);
        Some(())
    }

    /// Reads a part into the one that is there; `None` where it is unusual.
    pub(super) fn merge<P: Part>(
        &mut self,
        part: &mut Option<P>,
        wire_type: WireType,
        bytes: &mut &[u8],
    ) -> Option<()> {
        let part = part.get_or_insert_with(|| self.one());
        self.read(part, wire_type, bytes)
    }

    fn one<P: Part>(&mut self) -> P {
        P::spare(self).pop().unwrap_or_default()
    }

    fn read<P: Part>(&mut self, part: &mut P, wire_type: WireType, bytes: &mut &[u8]) -> Option<()> {
        let mut fields = slice(wire_type, bytes)?;
        while !fields.is_empty() {
            let (number, wire_type) = decode_key(&mut fields).ok()?;
            if let Some(held) = part.text(number) {
                held.clear();
                held.push_str(text(wire_type, &mut fields)?);
            } else {
                self.merge(part.money(number)?, wire_type, &mut fields)?;
            }
        }
        Some(())
    }
}

fn forget(text: &mut String) {
    if text.capacity() > TEXT_BYTES_MAX {
        *text = String::new();
    }
    text.clear();
}

/// Says of a message where spare ones lie, and the numbers of its fields as `proto/patron/journal/v1` has them.
macro_rules! part {
    ($message:ty, $spare:ident, up to $max:literal: $($text:literal $held:ident),+ $(; $sum:literal $money:ident)*) => {
        impl Part for $message {
            const FIELD_MAX: u32 = $max;

            fn spare(spare: &mut Spare) -> &mut Vec<Self> {
                &mut spare.$spare
            }

            fn text(&mut self, number: u32) -> Option<&mut String> {
                match number {
                    $($text => Some(&mut self.$held),)+
                    _ => None,
                }
            }

            fn money(&mut self, number: u32) -> Option<&mut Option<Money>> {
                match number {
                    $($sum => Some(&mut self.$money),)*
                    _ => None,
                }
            }
        }
    };
}

part!(Identifier, identifiers, up to 2: 1 namespace, 2 value);
part!(Money, money, up to 2: 1 amount, 2 currency_code);
part!(Campaign, campaigns, up to 3: 1 name, 2 source, 3 medium);
part!(Device, devices, up to 3: 1 r#type, 2 os, 3 app_version);
part!(Order, orders, up to 5: 1 order_id, 5 refund_id; 2 total; 3 discount; 4 refund);
part!(Item, items, up to 7: 1 product_id, 2 name, 3 category, 4 brand, 5 quantity; 6 price; 7 discount);
part!(Coupon, coupons, up to 2: 1 coupon_id, 2 offer_id);
