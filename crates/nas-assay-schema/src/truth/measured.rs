//! Tables of measured accuracies: `architecture`, then a column for each quantity, in percent. What is unknown is empty.
//!
//! The name of a column says what its numbers are. A column of numbers that are no percentages has their unit in brackets behind its name,
//! as in `edgegpu_latency [ms]`, and `[1]` if they have none; it is never read as percentages. A table has the same bytes whichever
//! official file it was made from, so its digest is that of its numbers.

use std::collections::HashMap;

use csv::StringRecord;
use nas_assay_base::text::excerpt;
use nas_assay_spaces::{Architecture, SpaceId};

use super::table::{Problem, TableError};

/// The name of the first column.
const ARCHITECTURE: &str = "architecture";

/// The name of a column without its unit, and the unit, if the header has one in brackets.
///
/// ```
/// use nas_assay_schema::truth::measured::name_and_unit;
///
/// assert_eq!(name_and_unit("edgegpu_latency [ms]"), ("edgegpu_latency", Some("ms")));
/// assert_eq!(name_and_unit("test-200"), ("test-200", None));
/// ```
pub fn name_and_unit(header: &str) -> (&str, Option<&str>) {
    let parts = header.strip_suffix(']').and_then(|start| start.rsplit_once(" ["));
    parts
        .filter(|(name, unit)| !name.is_empty() && !unit.is_empty())
        .map_or((header, None), |(name, unit)| (name, Some(unit)))
}

/// Whether a unit is that of numbers without one.
pub fn is_percent(unit: &str) -> bool {
    matches!(unit, "%" | "percent")
}

/// The unit of a column whose numbers are no percentages.
fn plain_unit(header: &str) -> Option<&str> {
    name_and_unit(header).1.filter(|unit| !is_percent(unit))
}

/// The place of a column in a header: the one with exactly this text, or the only one with this name before its unit.
pub fn column_place<S: AsRef<str>>(columns: &[S], wanted: &str) -> Option<usize> {
    let mut named = (0..columns.len()).filter(|&place| name_and_unit(columns[place].as_ref()).0 == wanted);
    let exact = columns.iter().position(|column| column.as_ref() == wanted);
    exact.or_else(|| named.next().filter(|_| named.next().is_none()))
}

/// A table of measured accuracies, or of other quantities.
///
/// ```
/// use nas_assay_schema::truth::measured::MeasuredTable;
/// use nas_assay_spaces::SpaceId;
///
/// let text = "architecture,seed_1,seed_2\n\"d1,1,1 w16,16,16\",90.5,91\n\"d1,1,2 w16,16,16\",92.25,\n";
/// let table = MeasuredTable::parse(SpaceId::NdsResnet, "made.csv", text.as_bytes(), None)?;
/// assert_eq!(table.mean(&["seed_1", "seed_2"])?, [Some(0.9075), Some(0.9225)]);
/// assert_eq!(table.mean(&["seed_2"])?, [Some(0.91), None]);
/// // Numbers of a unit stay as they are.
/// let table = MeasuredTable::parse(SpaceId::NdsResnet, "made.csv", text.as_bytes(), Some("ms"))?;
/// assert_eq!(table.mean(&["seed_2"])?, [Some(91.0), None]);
/// # Ok::<(), nas_assay_schema::truth::table::TableError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredTable {
    file: String,
    columns: Vec<String>,
    architectures: Vec<Architecture>,
    /// The unit that is asked for; `None` for percentages.
    unit: Option<String>,
    /// Fractions, and plain numbers in columns of a unit; as many for each row as there are columns.
    values: Vec<Option<f64>>,
}

impl MeasuredTable {
    /// Reads the content of a file. `file` is its name in errors. Without a `unit`, columns that have none are percentages; with one, they
    /// are plain numbers. Columns that have a unit are always plain numbers.
    ///
    /// # Errors
    /// The first wrong place: a header without names, an architecture of another space or one that occurs twice, a number that is no
    /// percentage in a column of these, or none that is finite in another; and if there are percentages, and none is 1 % or more.
    pub fn parse(space: SpaceId, file: &str, bytes: &[u8], unit: Option<&str>) -> Result<Self, TableError> {
        let wrong = |line, column: Option<&str>, problem| TableError::at(file, line, column, problem);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = StringRecord::new();
        let mut next = |record: &mut StringRecord| {
            let line = reader.position().line();
            let more = reader.read_record(record).map_err(|error| {
                let line = error.position().map_or(line, csv::Position::line);
                wrong(line, None, Problem::Csv(error.to_string()))
            })?;
            Ok::<_, TableError>(more.then(|| record.position().map_or(line, csv::Position::line)))
        };
        if bytes.last() != Some(&b'\n') {
            return Err(wrong(1, None, Problem::Unfinished));
        }
        next(&mut record)?;
        let columns = columns(&record).map_err(|problem| wrong(1, None, problem))?;
        let percentages: Vec<bool> =
            columns.iter().map(|column| unit.is_none() && plain_unit(column).is_none()).collect();
        let (mut architectures, mut values) = (Vec::new(), Vec::new());
        let mut first: HashMap<Architecture, u64> = HashMap::new();
        while let Some(line) = next(&mut record)? {
            let (expected, found) = (columns.len() + 1, record.len());
            if expected != found {
                return Err(wrong(line, None, Problem::Cells { expected, found }));
            }
            let architecture = Architecture::parse(space, &record[0])
                .map_err(|error| wrong(line, Some(ARCHITECTURE), Problem::Architecture(error)))?;
            if let Some(first) = first.insert(architecture, line) {
                return Err(wrong(line, Some(ARCHITECTURE), Problem::Repeated(first)));
            }
            architectures.push(architecture);
            for ((column, &in_percent), cell) in columns.iter().zip(&percentages).zip(record.iter().skip(1)) {
                let value = if in_percent { percent(cell) } else { number(cell) };
                values.push(value.map_err(|problem| wrong(line, Some(column), problem))?);
            }
        }
        // Percentages that are all below 1 % are fractions.
        let known = || {
            let cells = values.iter().zip(percentages.iter().cycle());
            cells.filter_map(|(value, &in_percent)| value.as_ref().filter(|_| in_percent))
        };
        if known().next().is_some() && known().all(|&value| value < 0.01) {
            return Err(wrong(1, None, Problem::Fractions));
        }
        Ok(Self { file: file.to_owned(), columns, architectures, unit: unit.map(str::to_owned), values })
    }

    /// The architecture of every row, in the order of the file.
    pub fn architectures(&self) -> &[Architecture] {
        &self.architectures
    }

    /// The names of the quantities.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// For every row, the mean over those of `columns` that it has, as a fraction, or in the unit; `None` without any. A mean of several is
    /// rounded to twelve decimals (to twelve digits with a unit), so that means that are equal are equal numbers.
    ///
    /// # Errors
    /// If the table has no such column, or it has another unit.
    pub fn mean(&self, columns: &[impl AsRef<str>]) -> Result<Vec<Option<f64>>, TableError> {
        let place = |name: &str| {
            let wrong = |problem| TableError::at(&self.file, 1, None, problem);
            let place = column_place(&self.columns, name)
                .ok_or_else(|| wrong(Problem::NoColumn { wanted: name.to_owned(), known: self.columns.join(", ") }))?;
            let has = name_and_unit(&self.columns[place]).1;
            let fits = match (has, &self.unit) {
                (Some(has), None) => is_percent(has),
                (Some(has), Some(asked)) => has == asked,
                (None, _) => true,
            };
            if fits {
                return Ok(place);
            }
            let asked = self.unit.as_deref().unwrap_or("percent").to_owned();
            Err(wrong(Problem::Unit {
                column: self.columns[place].clone(),
                has: has.unwrap_or_default().to_owned(),
                asked,
            }))
        };
        let places: Vec<usize> = columns.iter().map(|name| place(name.as_ref())).collect::<Result<_, _>>()?;
        let mean = |row: &[Option<f64>]| {
            // It begins with a zero without a sign, so that no mean is a zero with one.
            let (mut sum, mut count) = (0.0, 0_u32);
            for value in places.iter().filter_map(|&place| row[place]) {
                sum += value;
                count += 1;
            }
            match count {
                0 => None,
                1 => Some(sum),
                _ if self.unit.is_some() => Some(twelve_digits(sum / f64::from(count))),
                _ => Some((sum / f64::from(count) * 1e12).round() / 1e12),
            }
        };
        Ok(self.values.chunks_exact(self.columns.len()).map(mean).collect())
    }
}

/// The names of the quantities in a header.
fn columns(header: &StringRecord) -> Result<Vec<String>, Problem> {
    let first = header.get(0).unwrap_or("");
    if first != ARCHITECTURE || header.len() < 2 {
        let (expected, found) =
            if first == ARCHITECTURE { ("the name of an accuracy", "") } else { (ARCHITECTURE, first) };
        return Err(Problem::Header { table: "a table of measured accuracies", expected, found: found.to_owned() });
    }
    let mut columns: Vec<String> = Vec::new();
    for name in header.iter().skip(1) {
        if name.is_empty() || columns.iter().any(|known| known == name) {
            return Err(Problem::ColumnName(excerpt(name).into_owned()));
        }
        columns.push(name.to_owned());
    }
    Ok(columns)
}

/// A number with twelve digits after the first.
fn twelve_digits(value: f64) -> f64 {
    format!("{value:.12e}").parse().unwrap_or(value)
}

/// A finite number as a decimal, with an exponent or without.
fn number(cell: &str) -> Result<Option<f64>, Problem> {
    if cell.is_empty() {
        return Ok(None);
    }
    let plain = cell.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    let number: Option<f64> = plain.then(|| cell.parse().ok()).flatten();
    number.filter(|number| number.is_finite()).map(Some).ok_or_else(|| Problem::Finite(cell.to_owned()))
}

/// The fraction that a percentage names. The decimal point is moved in the text, so that `85.863` is the number nearest to .85863.
fn percent(cell: &str) -> Result<Option<f64>, Problem> {
    if cell.is_empty() {
        return Ok(None);
    }
    let plain = cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let fraction = plain.then(|| format!("{cell}e-2").parse().ok()).flatten();
    fraction
        .filter(|fraction| (0.0..=1.0).contains(fraction))
        .map(Some)
        .ok_or_else(|| Problem::Number { limit: 100, found: cell.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MADE: &str = "architecture,a,b\nNO-1,1,\nNO-2,85.863,100\n";

    fn made() -> String {
        let cells = [
            "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
            "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|",
        ];
        MADE.replace("NO-1", cells[0]).replace("NO-2", cells[1])
    }

    fn parse(text: &str) -> Result<MeasuredTable, TableError> {
        MeasuredTable::parse(SpaceId::Nb201, "made.csv", text.as_bytes(), None)
    }

    #[test]
    fn percentages_are_read_as_the_nearest_fraction() {
        let table = parse(&made()).unwrap();
        assert_eq!(table.mean(&["a"]).unwrap(), [Some(0.01), Some(0.85863)]);
        assert_eq!(table.mean(&["b"]).unwrap(), [None, Some(1.0)]);
        assert_eq!(table.mean(&["b", "a"]).unwrap(), [Some(0.01), Some(0.929_315)]);
        assert_eq!((table.columns(), table.architectures().len()), (&["a".to_owned(), "b".to_owned()][..], 2));
    }

    #[test]
    fn wrong_places_are_named() {
        let refusal = |text: String| parse(&text).unwrap_err().to_string();
        for wrong in ["-1", "NaN", "1e1", "100.5", "1.5.2", "+1", " 1", "inf"] {
            let expected = "truth table made.csv, line 3, column a: expected a number from 0 to 100, found ";
            assert!(refusal(made().replace("85.863", wrong)).starts_with(expected), "{wrong}");
        }
        assert!(refusal(made().replace("architecture", "arch")).contains(
            "line 1: the header is not the one of a table of measured accuracies: expected \"architecture\", found \"arch\""
        ));
        let fractions = made().replace(",1,", ",0.93,").replace("85.863,100", "0.85863,0.9");
        assert!(
            refusal(fractions)
                .contains("line 1: no accuracy is 1 % or more: the table has fractions, and percentages are due")
        );
        assert!(refusal("architecture\n".to_owned()).contains("expected \"the name of an accuracy\""));
        assert!(refusal(made().replace("a,b", "a,a")).contains("line 1: a column has no name of its own: a"));
        assert!(refusal(made().replace(",1,", ",1")).contains("line 2: expected 3 cells, found 2"));
        assert!(
            refusal(made().replace("skip_connect", "none"))
                .contains("line 3, column architecture: the architecture is already on line 2")
        );
        assert!(
            refusal(made().replace("skip_connect", "skip"))
                .contains("line 3, column architecture: not an architecture of nb201")
        );
        let message = parse(&made()).unwrap().mean(&["c"]).unwrap_err().to_string();
        assert_eq!(message, "truth table made.csv, line 1: the table has no column `c`; it has a, b");
    }

    #[test]
    fn numbers_of_a_unit_are_plain_and_of_that_unit_alone() {
        let text = made().replace("a,b", "a [ms],b").replace(",1,", ",-250.5,").replace("85.863", "1.5e3");
        let of = |unit| MeasuredTable::parse(SpaceId::Nb201, "made.csv", text.as_bytes(), unit).unwrap();
        let (percent, ms) = (of(None), of(Some("ms")));
        assert_eq!(ms.mean(&["a"]).unwrap(), [Some(-250.5), Some(1500.0)]);
        assert_eq!(ms.mean(&["a [ms]"]).unwrap(), ms.mean(&["a"]).unwrap());
        assert_eq!(ms.mean(&["b"]).unwrap(), [None, Some(100.0)]);
        assert_eq!(ms.mean(&["b", "a"]).unwrap(), [Some(-250.5), Some(800.0)]);
        // The other column is one of percentages, and stays so.
        assert_eq!(percent.mean(&["b"]).unwrap(), [None, Some(1.0)]);
        for (table, asked) in [(&percent, "percent"), (&of(Some("s")), "s")] {
            let said = table.mean(&["a"]).unwrap_err().to_string();
            let due =
                format!("line 1: the numbers of the column `a [ms]` are in ms, and the truth is declared in {asked}");
            assert!(said.ends_with(&due), "{said}");
        }
        // Without units in the header, the spec says what the numbers are.
        let plain = made().replace("85.863", "-0").replace(",1,", ",0.5,");
        let table = MeasuredTable::parse(SpaceId::Nb201, "made.csv", plain.as_bytes(), Some("1")).unwrap();
        let found = table.mean(&["a"]).unwrap();
        assert_eq!(found, [Some(0.5), Some(0.0)]);
        assert!(found[1].unwrap().is_sign_positive());
        // Only percentages can be fractions.
        let mixed = |percent: &str| {
            let text = made()
                .replace("a,b", "a [ms],b")
                .replace(",1,", ",500,0.5")
                .replace("85.863,100", &format!("0.001,{percent}"));
            parse(&text).map(|table| table.mean(&["b"]).unwrap()).map_err(|error| error.to_string())
        };
        assert!(mixed("0.9").unwrap_err().contains("the table has fractions"));
        assert_eq!(mixed("1").unwrap(), [Some(0.005), Some(0.01)]);
        assert!(
            parse(&made().replace("a,b", "a [ms],b").replace(",1,", ",0.5,").replace("85.863,100", "0.5,")).is_ok()
        );
        // Percent signs in a header are percentages, and names with two units are not names.
        let signed = made().replace("a,b", "a [%],b [%]");
        assert_eq!(parse(&signed).unwrap().mean(&["a"]).unwrap(), [Some(0.01), Some(0.85863)]);
        let twice = made().replace("a,b", "a [%],a [ms]");
        assert!(parse(&twice).unwrap().mean(&["a"]).unwrap_err().to_string().contains("has no column `a`"));
        for wrong in ["nan", "inf", "1e999", "e", "--1", " 1", "0x1", "1_0"] {
            let wrong = text.replace("1.5e3", wrong);
            let said =
                MeasuredTable::parse(SpaceId::Nb201, "made.csv", wrong.as_bytes(), None).unwrap_err().to_string();
            assert!(
                said.starts_with("truth table made.csv, line 3, column a [ms]: expected a finite number, found"),
                "{said}"
            );
        }
    }

    #[test]
    fn means_of_numbers_of_any_size_are_finite() {
        let rows = "architecture,a,b\n|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,8e307,8e307\n";
        let table = MeasuredTable::parse(SpaceId::Nb201, "made.csv", rows.as_bytes(), Some("ms")).unwrap();
        assert_eq!(table.mean(&["a", "b"]).unwrap(), [Some(8e307)]);
    }

    /// Two means over the same sum are the same number, in whatever order their parts come.
    #[test]
    fn equal_means_are_equal_numbers() {
        let row = |cells: [&str; 3]| {
            let text =
                format!("architecture,a,b,c\n|none~0|+|none~0|none~1|+|none~0|none~1|none~2|,{}\n", cells.join(","));
            parse(&text).unwrap().mean(&["a", "b", "c"]).unwrap()[0]
        };
        assert_eq!(row(["93.9", "93.87", "93.98"]), row(["93.98", "93.9", "93.87"]));
        assert_eq!(row(["90.01", "90.02", "90.06"]), row(["90.03", "90.03", "90.03"]));
    }

    proptest! {
        #[test]
        fn a_truncated_table_is_refused_or_shorter_by_whole_rows(at in any::<prop::sample::Index>()) {
            let text = made();
            let cut = &text[..at.index(text.len())];
            let whole_lines = cut.ends_with('\n');
            prop_assert_eq!(parse(cut).is_ok(), whole_lines);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
            let _ = MeasuredTable::parse(SpaceId::Nb301, "made.csv", &bytes, None);
            let mut headed = b"architecture,a\n".to_vec();
            headed.extend(bytes);
            let _ = MeasuredTable::parse(SpaceId::Nb101, "made.csv", &headed, Some("ms"));
        }
    }
}
