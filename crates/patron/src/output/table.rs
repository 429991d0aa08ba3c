//! Tables as all commands draw them: 100 columns wide at most, a line under the head, no frames.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, presets};

/// Widest table, in characters.
pub(super) const WIDTH_MAX: u16 = 100;

/// A table with a head; none where `head` is empty.
pub(super) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH_MAX);
    table.style_mut().row_separator = LineStyle::none();
    if !head.is_empty() {
        table.set_header(head.iter().copied());
    }
    table
}

/// Aligns columns to the right: numbers.
pub(super) fn right(table: &mut Table, columns: &[usize]) {
    for index in columns {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// The table as text under a heading, or nothing where it has no rows.
pub(super) fn section(heading: &str, table: &Table) -> String {
    if table.is_empty() { String::new() } else { format!("\n{heading}\n{}\n", table.trim_fmt()) }
}

/// A text cut to `width` characters.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
