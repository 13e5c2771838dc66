//! `nas-assay spaces`

use crate::DataRoot;
use crate::space::{Counts, Positions, SpaceId};
use crate::truth::nb201::is_at_hand;
use clap::Args;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, TableStyle};
use serde::Serialize;

use super::context::Context;
use super::exit::Failure;
use super::print::{outln, print_rows};

/// List the search spaces
///
/// Each has its size, its decisions, the data files at hand, and an architecture as text.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay spaces")]
pub struct Spaces {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The row of a space.
#[derive(Serialize)]
struct Entry {
    id: &'static str,
    title: &'static str,
    version: u32,
    #[serde(flatten)]
    counts: Counts,
    positions: usize,
    decides: &'static str,
    operations: &'static [&'static str],
    /// Whether there are networks of its architectures here. Without, scores are judged with truth from files.
    networks: bool,
    /// The text of one of its architectures.
    example: &'static str,
    /// The files of the data root for the space, and whether they exist.
    data: Vec<File>,
}

#[derive(Serialize)]
struct File {
    path: &'static str,
    present: bool,
}

impl Entry {
    fn of(space: SpaceId, root: Option<&DataRoot>) -> Self {
        let Positions { count, what, operations } = space.positions();
        let present = |path: &str| root.is_some_and(|root| is_at_hand(root, path));
        let data = files(space).iter().map(|&path| File { path, present: present(path) }).collect();
        Self {
            id: space.name(),
            title: space.title(),
            version: space.version(),
            counts: space.counts(),
            positions: count,
            decides: what,
            operations,
            networks: space.has_network(),
            example: space.example(),
            data,
        }
    }
}

/// The files with truth and published one-shot scores of a space, relative to the data root.
fn files(space: SpaceId) -> &'static [&'static str] {
    match space {
        SpaceId::Nb101 => &["truth/nb101.csv", "published/nb101_oneshot.csv"],
        SpaceId::Nb201 => &["truth/nb201/cifar10-test-200-v1.0-mean.csv"],
        SpaceId::Nb301 => &["truth/nb301.csv", "published/nb301_oneshot.csv"],
        SpaceId::NdsResnet => &["truth/nds_resnet.csv"],
        SpaceId::NdsResnextA => &["truth/nds_resnext_a.csv", "published/nds_resnext_a_oneshot.csv"],
        SpaceId::Table(_) => &[],
    }
}

/// Terminals that are narrower, in characters, have no column of operations.
const WIDE: u16 = 110;

impl Spaces {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let root = context.data_root();
        let entries = SpaceId::NAMED.map(|space| Entry::of(space, root.as_ref()));
        if self.json {
            print_rows("spaces", 1, "spaces", &entries)?;
            return Ok(());
        }
        let mut table = Table::new();
        table
            .load_style(TableStyle::new())
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(Context::width());
        table.set_header(["space", "raw", "canonical", "exact", "decides", "operations", "data"]);
        let count = |count: Option<u64>| count.map_or("-".to_owned(), grouped);
        for entry in &entries {
            let here = entry.data.iter().filter(|file| file.present).count();
            table.add_row([
                entry.id.to_owned(),
                grouped(entry.counts.raw),
                count(entry.counts.canonical),
                count(entry.counts.exact),
                entry.decides.to_owned(),
                entry.operations.join(", "),
                if entry.networks { format!("{here} of {}", entry.data.len()) } else { "table-only".to_owned() },
            ]);
        }
        for column in 1..=3 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        // Names and numbers stay whole: what is decided and by which operations wraps, or is left out of a narrow terminal.
        for column in [0, 1, 2, 3, 6] {
            if let Some(column) = table.column_mut(column) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        if Context::width() < WIDE
            && let Some(column) = table.column_mut(5)
        {
            column.set_constraint(ColumnConstraint::Hidden);
        }
        outln!(
            "{table}\n\ntable-only: no network here; `nas-assay verify --scores FILE --truth TABLE` judges scores with a table of accuracies"
        );
        outln!("\nan architecture of each, as text");
        let width = entries.iter().map(|entry| entry.id.len()).max().unwrap_or(0);
        for Entry { id, example, .. } in &entries {
            // On one line, whatever the width, so that it can be copied.
            outln!("{id:<width$}  {example}");
        }
        Ok(())
    }
}

/// A number with commas between thousands, or in scientific notation if it is too long for a column.
fn grouped(number: u64) -> String {
    if number >= 1_000_000_000 {
        return format!("{:.2e}", number as f64);
    }
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [
            (7, "7"),
            (999, "999"),
            (1_000, "1,000"),
            (11_390_625, "11,390,625"),
            (1_076_746_950_455_072_400, "1.08e18"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
