//! Bounds on the bare text: size, nesting, and what lies in a row. Knows texts and comments, no other grammar.

use super::{EXPRESSION_BYTES_MAX, ExpressionError, NESTING_MAX, ROW_MAX};

/// Checks that the parser can be given a text.
///
/// # Errors
/// With the place where it goes too far.
pub(super) fn check(source: &str) -> Result<(), ExpressionError> {
    if source.trim().is_empty() {
        return Err(ExpressionError::new(0, "the expression is empty"));
    }
    if source.len() > EXPRESSION_BYTES_MAX {
        let message = format!("the expression has {} bytes, at most {EXPRESSION_BYTES_MAX} are read", source.len());
        return Err(ExpressionError::new(0, message));
    }
    let mut bounds = Bounds::default();
    let characters: Vec<char> = source.chars().collect();
    let mut at = 0;
    while let Some(character) = characters.get(at).copied() {
        at = match character {
            '"' | '\'' => after_text(&characters, at),
            '/' if characters.get(at + 1) == Some(&'/') => after_line(&characters, at),
            other => {
                bounds.see(other, at)?;
                at + 1
            }
        };
    }
    Ok(())
}

#[derive(Default)]
struct Bounds {
    depth: usize,
    /// Signs that each nest what follows: `!!a`, `a ? b : c ? d : e`.
    signs: usize,
    row: usize,
}

impl Bounds {
    fn see(&mut self, character: char, at: usize) -> Result<(), ExpressionError> {
        match character {
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth = self.depth.saturating_sub(1),
            '?' | '!' | '-' => {
                self.signs += 1;
                self.row += 1;
            }
            '.' | '+' | '*' | '/' | '%' | '<' | '>' | '=' | '&' | '|' => self.row += 1,
            _ => {}
        }
        if self.depth > NESTING_MAX || self.signs > NESTING_MAX * 2 {
            return Err(ExpressionError::new(
                at,
                format!("the nesting goes deeper than {NESTING_MAX}; split it into segments"),
            ));
        }
        if self.row > ROW_MAX {
            return Err(ExpressionError::new(
                at,
                format!("more than {ROW_MAX} points and operators; write `x in [a, b]` or split it"),
            ));
        }
        Ok(())
    }
}

/// The place after a quoted text; the end where it is not closed, which the parser then says.
fn after_text(characters: &[char], start: usize) -> usize {
    let quote = characters.get(start).copied();
    let raw =
        start.checked_sub(1).and_then(|before| characters.get(before)).is_some_and(|before| "rR".contains(*before));
    let triple = (1..3).all(|next| characters.get(start + next).copied() == quote);
    let closing = if triple { 3 } else { 1 };
    let mut at = start + closing;
    while at < characters.len() {
        if !raw && characters.get(at) == Some(&'\\') {
            at += 2;
        } else if (0..closing).all(|next| characters.get(at + next).copied() == quote) {
            return at + closing;
        } else {
            at += 1;
        }
    }
    at
}

fn after_line(characters: &[char], start: usize) -> usize {
    characters.iter().skip(start).position(|character| *character == '\n').map_or(characters.len(), |line| start + line)
}
