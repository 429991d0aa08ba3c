//! Numbers that are printed in groups.

/// Fewest digits of a number whose groups are for the eye alone: in `12-3` the hyphen may tell a shop from a card.
const GROUPED_DIGITS_MIN: usize = 8;

/// Spaces, and what is drawn as a hyphen.
pub(super) fn is_space_or_hyphen(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// A card's number without the spaces and hyphens between its groups, where it is digits and these alone, begins and ends with
/// a digit, and has digits enough; any other value as it is.
pub(super) fn ungrouped(value: String) -> String {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let framed = value.starts_with(is_digit) && value.ends_with(is_digit);
    let pure = value.chars().all(|letter| is_digit(letter) || is_space_or_hyphen(letter));
    let digits = value.chars().filter(char::is_ascii_digit).count();
    if framed && pure && digits >= GROUPED_DIGITS_MIN { value.replace(is_space_or_hyphen, "") } else { value }
}
