//! Blocked values by pattern: a regular expression that must match the whole value, in any case.
//!
//! Owns the limits on patterns and the built-in ones. Matching takes time linear in the value: the crate `regex` never goes back.

use regex::{Regex, RegexBuilder};

/// Longest pattern.
const PATTERN_BYTES_MAX: usize = 1_000;
/// Most bytes of a compiled pattern.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// Most parentheses in one another.
const NESTING_MAX: u32 = 50;
/// Values that no sensible list blocks together: a pattern that matches them all would block everything.
const PROBES: [&str; 4] = ["4711", "ann@shop.eu", "7d444840-9dc0-41d1-b245-5ffdce74fad2", "王"];

/// Built-in patterns by namespace.
pub(super) const STANDARD: &[(&str, &str)] = &[
    // A word for nobody in quotes: text that was quoted once too often. PostHog refuses these too.
    ("*", r#"['"`]*(?:|null|undefined|none|nan|nil|anonymous|guest|unknown)['"`]*"#),
    // Mixpanel's name of a device where there is no user.
    ("user_id", r"\$device:.*"),
    ("email", r"test\d*@test\..+"),
    ("email", r"(?:no|do-?not)[-_.]?reply\d*@.*"),
    ("email", r"(?:anonymous|unknown|guest|nobody)@.*"),
    // The fillers of tills and web forms behind a country code.
    ("phone", r"\+\d{1,3}0?(?:1{7,}|2{7,}|3{7,}|4{7,}|5{7,}|6{7,}|7{7,}|8{7,}|9{7,}|0{6,})"),
    ("phone", r"\+?\d{0,3}?0?1234567(?:8(?:90?)?)?"),
];

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern for whole values.
    ///
    /// # Errors
    /// Says in words what is wrong with it, and at which character.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(format!("a pattern of {} bytes; write at most {PATTERN_BYTES_MAX}", text.len()));
        }
        check_syntax(text)?;
        let whole = RegexBuilder::new(&format!(r"\A(?:{text})\z"))
            .case_insensitive(true)
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .nest_limit(NESTING_MAX + 2)
            .build()
            .map_err(|error| format!("pattern `{text}`: {}", reason(&error)))?;
        if PROBES.iter().all(|probe| whole.is_match(probe)) {
            return Err(format!("pattern `{text}` would block every value; say more exactly which ones"));
        }
        Ok(Self(whole))
    }

    /// Whether the whole value fits.
    pub(super) fn matches(&self, value: &str) -> bool {
        self.0.is_match(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

/// The pattern by itself, before anything is put around it: so the place of a mistake is the one in the configuration.
fn check_syntax(text: &str) -> Result<(), String> {
    let parsed = regex_syntax::ast::parse::ParserBuilder::new().nest_limit(NESTING_MAX).build().parse(text);
    parsed.map(drop).map_err(|error| {
        let before = text.get(..error.span().start.offset).unwrap_or(text);
        format!("pattern `{text}`, character {}: {}", before.chars().count() + 1, error.kind())
    })
}

fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "too large when compiled; repeat less".to_owned(),
        // The last line of the parser's drawing says what is wrong.
        other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    }
}
