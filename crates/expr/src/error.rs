//! What is wrong with an expression, where, and what would be right.

/// An expression that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// Where, in characters from the start of the expression.
    pub at: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl ExpressionError {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// Line and column, both from 1, the column in characters.
    pub fn place(&self, source: &str) -> (usize, usize) {
        let before: String = source.chars().take(self.at).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
        (line, column)
    }

    /// The message with its line of the expression and a caret below the place.
    pub fn render(&self, source: &str) -> String {
        let (line, column) = self.place(source);
        let shown: String = source.lines().nth(line - 1).unwrap_or_default().replace('\t', " ");
        format!("line {line}, column {column}: {}\n  {shown}\n  {:>column$}", self.message, "^")
    }
}

/// The known name that looks most like one that is not known.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let alike = known.map(|other| (strsim::jaro_winkler(name, other), other));
    alike.filter(|(likeness, _)| *likeness > 0.75).max_by(|left, right| left.0.total_cmp(&right.0)).map(|(_, it)| it)
}

/// "is not known", with the nearest name or all of them.
pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("{what} `{name}` is not known; did you mean `{near}`?"),
        None => {
            let some: Vec<&str> = known.take(12).collect();
            format!("{what} `{name}` is not known; there are {}", listed(&some))
        }
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("`{}`", names.join("`, `")) }
}
