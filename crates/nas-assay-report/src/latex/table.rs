//! Tables as `tabular` environments with the rules of booktabs: groups of rows, the best number of a column bold, the second underlined.

use nas_assay_criteria::Criterion;

use crate::value_text::{fixed, unit};

/// Where a number is missing.
pub(crate) const NONE: &str = "--";

/// A table.
pub(crate) struct Table {
    /// The columns, without the first one, which has the names of the rows.
    pub columns: Vec<Column>,
    /// Rows above the headings, each a whole row of LaTeX.
    pub above: Vec<String>,
    /// The heading of the first column, as LaTeX.
    pub first: String,
    /// The groups of rows. A heading stands above each if there are several.
    pub groups: Vec<Group>,
}

/// A column of a table.
pub(crate) struct Column {
    /// The heading, as LaTeX.
    pub heading: String,
    /// Which numbers are best; `None` if none is marked.
    pub best: Option<Best>,
}

/// Which numbers of a column are best.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Best {
    Highest,
    Lowest,
}

/// Rows that belong together.
pub(crate) struct Group {
    /// Their heading, as LaTeX.
    pub title: &'static str,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a table.
pub(crate) struct Row {
    /// Its name, as LaTeX.
    pub name: String,
    /// One cell for each column.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Clone)]
pub(crate) enum Cell {
    /// A number, which may be among the best.
    Number(Number),
    /// LaTeX.
    Text(String),
}

/// A number in a table.
#[derive(Clone)]
pub(crate) struct Number {
    /// The number; `None` if it is undefined.
    pub value: Option<f64>,
    /// Its deviation over repeated runs.
    pub deviation: Option<f64>,
    /// How it is written.
    pub form: Form,
    /// A sign behind it, as LaTeX for a superscript.
    pub sign: Option<&'static str>,
}

/// How a number is written.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// As the criterion: correlations without the zero before the point, shares in percent.
    Of(Criterion),
    /// A rank with one decimal.
    Rank,
}

impl Form {
    /// The number as it stands in a formula.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Rank => fixed(value, 1),
            Self::Of(criterion) => match unit(criterion).decimals_of_percent() {
                Some(decimals) => fixed(100.0 * value, decimals),
                None => without_zero(&fixed(value, 3)),
            },
        }
    }
}

/// `-.123` of `-0.123`.
fn without_zero(number: &str) -> String {
    number.strip_prefix("-0.").map_or_else(
        || number.strip_prefix("0.").map_or_else(|| number.to_owned(), |rest| format!(".{rest}")),
        |rest| format!("-.{rest}"),
    )
}

/// An interval of a correlation: `[.426, .537]` in small type.
pub(crate) fn interval([lower, upper]: [f64; 2]) -> String {
    let [lower, upper] = [lower, upper].map(|bound| without_zero(&fixed(bound, 3)));
    format!("{{\\scriptsize $[{lower}, {upper}]$}}")
}

/// The numbers of a column that are marked, as they are printed.
#[derive(Default)]
struct Marked {
    best: Option<String>,
    second: Option<String>,
}

impl Marked {
    /// Numbers that print alike are marked alike, and two that are best have no second.
    fn of<'a>(best: Option<Best>, cells: impl Iterator<Item = &'a Cell>) -> Self {
        let Some(best) = best else { return Self::default() };
        let mut numbers: Vec<(f64, String)> = cells
            .filter_map(|cell| match cell {
                Cell::Number(Number { value: Some(value), form, .. }) => Some((*value, form.text(*value))),
                _ => None,
            })
            .collect();
        numbers.sort_by(|a, b| if best == Best::Highest { b.0.total_cmp(&a.0) } else { a.0.total_cmp(&b.0) });
        let mut texts = numbers.into_iter().map(|(_, text)| text);
        let best = texts.next();
        // If two are best, the next one is the third.
        Self { second: texts.next().filter(|second| Some(second) != best.as_ref()), best }
    }
}

impl Number {
    fn latex(&self, marked: &Marked) -> String {
        let Some(value) = self.value else { return NONE.to_owned() };
        let text = self.form.text(value);
        let mut formula = match Some(&text) {
            found if found == marked.best.as_ref() => format!("\\mathbf{{{text}}}"),
            found if found == marked.second.as_ref() => format!("\\underline{{{text}}}"),
            _ => text,
        };
        if let Some(deviation) = self.deviation {
            formula += &format!("\\,{{\\scriptstyle\\pm {}}}", self.form.text(deviation));
        }
        // Beside the number, so that the digits of a column stand below each other.
        let sign = self.sign.map_or(String::new(), |sign| format!("\\rlap{{$^{{{sign}}}$}}"));
        format!("${formula}${sign}")
    }
}

impl Table {
    /// The `tabular` environment.
    pub fn latex(&self) -> String {
        let cells = |place: usize| self.groups.iter().flat_map(|group| &group.rows).map(move |row| &row.cells[place]);
        let marked: Vec<Marked> =
            self.columns.iter().enumerate().map(|(place, column)| Marked::of(column.best, cells(place))).collect();
        let mut text = format!("\\begin{{tabular}}{{l{}}}\n\\toprule\n", "r".repeat(self.columns.len()));
        text.extend(self.above.iter().map(String::as_str));
        let headings = self.columns.iter().map(|column| column.heading.as_str());
        text += &line(std::iter::once(self.first.as_str()).chain(headings));
        for group in self.groups.iter().filter(|group| !group.rows.is_empty()) {
            text += "\\midrule\n";
            if self.groups.len() > 1 {
                text +=
                    &format!("\\multicolumn{{{}}}{{l}}{{\\emph{{{}}}}} \\\\\n", self.columns.len() + 1, group.title);
            }
            for row in &group.rows {
                let cell = |(cell, marked): (&Cell, &Marked)| match cell {
                    Cell::Number(number) => number.latex(marked),
                    Cell::Text(text) => text.clone(),
                };
                let cells: Vec<String> = row.cells.iter().zip(&marked).map(cell).collect();
                text += &line(std::iter::once(row.name.as_str()).chain(cells.iter().map(String::as_str)));
            }
        }
        text + "\\bottomrule\n\\end{tabular}\n"
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    cells.collect::<Vec<&str>>().join(" & ") + " \\\\\n"
}

/// A `table` environment around one or more `tabular`s.
pub(crate) fn float(tables: &[Table], caption: &str, label: &str) -> String {
    let bodies: Vec<String> = tables.iter().map(Table::latex).collect();
    // The name of a label is no text: it has letters, digits and hyphens.
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    let label: String = label.chars().map(plain).collect();
    format!(
        "\\begin{{table}}[t]\n\\centering\n\\caption{{{caption}}}\n\\label{{tab:{label}}}\n\\smallskip\n\\small\n\\setlength{{\\tabcolsep}}{{5pt}}\n{}\
         \\end{{table}}\n",
        bodies.join("\n\\medskip\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64, criterion: Criterion) -> Cell {
        Cell::Number(Number { value: Some(value), deviation: None, form: Form::Of(criterion), sign: None })
    }

    /// A table of one column with these numbers.
    fn column(best: Option<Best>, cells: Vec<Cell>) -> Table {
        let rows = cells.into_iter().map(|cell| Row { name: "x".to_owned(), cells: vec![cell] });
        Table {
            columns: vec![Column { heading: "y".to_owned(), best }],
            above: Vec::new(),
            first: String::new(),
            groups: vec![Group { title: "all", rows: rows.collect() }],
        }
    }

    fn cells(table: &Table) -> Vec<String> {
        let text = table.latex();
        let rows = text.lines().filter_map(|line| line.strip_prefix("x & ")?.strip_suffix(" \\\\"));
        rows.map(str::to_owned).collect()
    }

    #[test]
    fn numbers_that_print_alike_are_marked_alike() {
        let tau = |value| number(value, Criterion::TauB);
        let table = column(Some(Best::Highest), vec![tau(0.6544), tau(-0.1), tau(0.6536), tau(0.65), tau(1.0)]);
        let due = ["$\\underline{.654}$", "$-.100$", "$\\underline{.654}$", "$.650$", "$\\mathbf{1.000}$"];
        assert_eq!(cells(&table), due);
        // Where two are best, the next one is the third.
        let table = column(Some(Best::Highest), vec![tau(0.7), tau(0.7), tau(0.6)]);
        assert_eq!(cells(&table), ["$\\mathbf{.700}$", "$\\mathbf{.700}$", "$.600$"]);
    }

    #[test]
    fn of_rankings_the_lowest_is_best_and_unmarked_columns_have_no_marks() {
        let rank = |value| number(value, Criterion::BestRanking(0.05));
        let ranks = || vec![rank(0.02), rank(0.0001), rank(0.5)];
        assert_eq!(cells(&column(Some(Best::Lowest), ranks())), ["$\\underline{2.00}$", "$\\mathbf{0.01}$", "$50.00$"]);
        assert_eq!(cells(&column(None, ranks())), ["$2.00$", "$0.01$", "$50.00$"]);
    }

    #[test]
    fn a_deviation_and_a_sign_stand_behind_the_number() {
        let number = Number {
            value: Some(0.1234),
            deviation: Some(0.0041),
            form: Form::Of(Criterion::TauB),
            sign: Some("\\dagger"),
        };
        let missing = Number { value: None, ..number.clone() };
        let table = column(None, vec![Cell::Number(number), Cell::Number(missing), Cell::Text("z".to_owned())]);
        assert_eq!(cells(&table), ["$.123\\,{\\scriptstyle\\pm .004}$\\rlap{$^{\\dagger}$}", "--", "z"]);
    }

    #[test]
    fn bounds_have_no_zero_before_the_point() {
        assert_eq!(interval([-0.0312, 0.5]), "{\\scriptsize $[-.031, .500]$}");
    }
}
