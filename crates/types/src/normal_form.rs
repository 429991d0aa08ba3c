//! The normal form of identifiers, by namespace: spellings of one thing become one text.
//!
//! Part of the journal's format version 2: what is published and what is asked for meet in it, and partition keys and customer
//! ids follow from it. So a change here is a new version of the format, and the library behind phone numbers is held at one
//! version. Never refuses a value: one that cannot be read keeps its text. `docs/normal-forms.md` shows the forms.

mod device;
mod digits;
mod email;
mod phone;
mod text;

#[cfg(test)]
mod tests;

use crate::Identifier;
pub use phone::PhoneRegion;

/// Version of the normal forms; equal to the journal's format version, whose part they are.
pub const NORMALISER_VERSION: u32 = crate::record::FORMAT_VERSION;

/// Brings identifiers into their normal form. Carries what the form depends on beside the identifier itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Normaliser {
    /// The region whose national phone numbers are read; without one, only numbers with `+` or `00` are.
    pub phone_region: PhoneRegion,
}

/// An identifier in its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Normal {
    /// The identifier.
    pub identifier: Identifier,
    /// Why its value is none that its namespace knows, so that its text was kept, in words; `None` for a good one.
    pub unreadable: Option<&'static str>,
}

/// Whether it is plain at sight that an identifier is in its normal form, in that of version 1 too: plain text of a namespace whose
/// values have no form of their own. Where it is not, it may be in it all the same.
pub fn is_plain(namespace: &str, value: &str) -> bool {
    const OF_THEIR_OWN: [&str; 6] = ["email", "phone", "loyalty_card", "device_id", "anonymous_id", "cookie"];
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !OF_THEIR_OWN.contains(&namespace)
        && namespace.bytes().all(name)
        && value.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Normaliser {
    /// One that reads the phone numbers of a region.
    pub fn new(phone_region: PhoneRegion) -> Self {
        Self { phone_region }
    }

    /// The first half: one Unicode form without invisible characters, no white space around, the namespace and e-mail addresses
    /// in lower case. It may be longer than the value was; the other half never makes it longer by more than a `+`.
    pub fn tidied(&self, identifier: &Identifier) -> Identifier {
        let namespace = text::compatible_lower(&identifier.namespace);
        let value = match namespace.as_str() {
            "email" => email::tidied(&identifier.value),
            "phone" | "loyalty_card" => text::compatible(&identifier.value),
            _ => text::canonical(&identifier.value),
        };
        Identifier { namespace, value }
    }

    /// The normal form. Applied again it changes nothing.
    ///
    /// ```
    /// use types::{Identifier, Normaliser, normal_form::PhoneRegion};
    ///
    /// let normaliser = Normaliser::new(PhoneRegion::parse("AT")?);
    /// let normal = normaliser.read(&Identifier::new("Phone", "0664 / 123 45 67"));
    /// assert_eq!(normal.identifier, Identifier::new("phone", "+436641234567"));
    /// # Ok::<(), String>(())
    /// ```
    pub fn read(&self, identifier: &Identifier) -> Normal {
        let Identifier { namespace, value } = self.tidied(identifier);
        let (value, unreadable) = match namespace.as_str() {
            "phone" => phone::normal(value, self.phone_region),
            "loyalty_card" => (digits::ungrouped(value), None),
            "device_id" | "anonymous_id" | "cookie" => (device::normal(value), None),
            _ => (value, None),
        };
        Normal { identifier: Identifier { namespace, value }, unreadable }
    }
}
