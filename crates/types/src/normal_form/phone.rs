//! Phone numbers: E.164 where the number can be read, e.g. `+436641234567`.
//!
//! Separators are taken out here, so that the library sees digits and a `+` alone. A possible number is enough: which numbers
//! are given out changes every week, which lengths are possible hardly ever.

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use super::digits::is_space_or_hyphen;

/// Most digits that are taken for a number: the 15 of E.164, an international prefix, and a trunk zero.
const DIGITS_MAX: usize = 20;

const IMPOSSIBLE: &str = "no phone number that can be dialled from elsewhere: its digits are too few, too many, or of no known \
                          country; write it with `+` and country code";
const NOT_DIGITS: &str =
    "no phone number: it has more than digits, `+`, spaces and `-./()`; leave extensions and remarks out";

/// The region whose national numbers are read, if any: a code of ISO 3166 such as `AT`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhoneRegion(Option<Region>);

impl PhoneRegion {
    /// Reads a code of two letters; the empty text is no region.
    ///
    /// # Errors
    /// Says in words that there is no such region.
    pub fn parse(code: &str) -> Result<Self, String> {
        if code.is_empty() {
            return Ok(Self(None));
        }
        let wanted = code.to_ascii_uppercase();
        let found = PHONE_NUMBER_UTIL.get_supported_regions().find(|region| region.to_string() == wanted);
        found.map(|region| Self(Some(region))).ok_or_else(|| {
            format!("`{code}` is no region with phone numbers: write two letters of ISO 3166, e.g. \"AT\" or \"CN\", or \"\"")
        })
    }

    /// The code, empty for no region.
    pub fn code(&self) -> String {
        self.0.map(|region| region.to_string()).unwrap_or_default()
    }
}

/// The normal form of a tidied text, and why it could not be read.
pub(super) fn normal(text: String, region: PhoneRegion) -> (String, Option<&'static str>) {
    let Some(dialled) = dialled(&text) else { return (text, Some(NOT_DIGITS)) };
    if let Some(number) = e164(&dialled, region) {
        return (number, None);
    }
    let is_national = dialled.starts_with(|letter: char| letter.is_ascii_digit()) && !dialled.starts_with("00");
    // Without a region nobody can say what a national number is of.
    if region.0.is_none() && is_national { (dialled, None) } else { (text, Some(IMPOSSIBLE)) }
}

/// The number as a phone would dial it: digits, perhaps behind a `+`.
fn dialled(text: &str) -> Option<String> {
    let bare = ["tel:", "TEL:", "Tel:"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    let is_separator = |letter: char| is_space_or_hyphen(letter) || matches!(letter, '.' | '/' | '(' | ')');
    let dialled = bare.replace(is_separator, "");
    let digits = dialled.strip_prefix('+').unwrap_or(&dialled);
    let good = (1..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    good.then_some(dialled)
}

/// As the region dials it. Where `00` is not the region's international prefix, it is taken for one all the same, unless the
/// region knows the number: nobody's own numbers begin with it.
fn e164(dialled: &str, region: PhoneRegion) -> Option<String> {
    let Some(rest) = dialled.strip_prefix("00") else { return stable(dialled, region) };
    let own = stable(dialled, region);
    let is_valid = |number: &String| PHONE_NUMBER_UTIL.parse(number, None).is_ok_and(|number| number.is_valid());
    own.clone().filter(is_valid).or_else(|| stable(&format!("+{rest}"), region)).or(own)
}

/// E.164 of a number that reads as itself again; without that, normal forms could move.
fn stable(dialled: &str, region: PhoneRegion) -> Option<String> {
    let number = possible(dialled, region)?;
    (possible(&number, region)? == number).then_some(number)
}

fn possible(dialled: &str, region: PhoneRegion) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(dialled, region.0).ok()?;
    let length = PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number).ok()?;
    // Not without its area code: that is possible next door only.
    let whole = matches!(length, NumberLengthType::IsPossible);
    whole.then(|| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
}
