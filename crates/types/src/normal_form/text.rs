//! One Unicode form for texts, and no invisible characters in them.

use unicode_normalization::UnicodeNormalization as _;

/// Characters that show nothing: they come with texts that were copied from pages and messengers.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}' | '\u{feff}')
}

/// Canonical composition (NFC): letters look and mean what they did.
pub(super) fn canonical(text: &str) -> String {
    if text.is_ascii() {
        return text.trim().to_owned();
    }
    trimmed(text.chars().filter(|letter| !is_invisible(*letter)).nfc().collect())
}

/// Compatibility composition (NFKC): full-width digits and letters become ordinary ones.
pub(super) fn compatible(text: &str) -> String {
    if text.is_ascii() {
        return text.trim().to_owned();
    }
    trimmed(text.chars().filter(|letter| !is_invisible(*letter)).nfkc().collect())
}

/// The same in lower case. Lower case is taken before and after, since it can take a text out of its composed form.
pub(super) fn compatible_lower(text: &str) -> String {
    if text.is_ascii() {
        return text.trim().to_ascii_lowercase();
    }
    compatible(&compatible(text).to_lowercase())
}

fn trimmed(text: String) -> String {
    let inner = text.trim();
    if inner.len() == text.len() { text } else { inner.to_owned() }
}
