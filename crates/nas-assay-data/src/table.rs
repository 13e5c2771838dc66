//! Tables of the data root as text. A table has the same bytes whichever source it was made from, so a number has one form ([`Share`]).

use std::fmt::{self, Write as _};

pub use nas_assay_schema::truth::share::Share;

use crate::DataError;

/// Python's `repr(number)` of a float that is finite: the shortest decimal that reads back as the same number.
pub(crate) fn repr(number: f64) -> String {
    // "d.ddde-7"
    let mut shortest = format!("{number:e}");
    // Where two decimals of this length are equally near, Python takes the even one: 881.15899658203125 is 881.1589965820312.
    let decimals =
        shortest.split('e').next().and_then(|digits| digits.split_once('.')).map_or(0, |(_, rest)| rest.len());
    let even = format!("{number:.decimals$e}");
    if even.parse() == Ok(number) {
        shortest = even;
    }
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    // Python has an exponent of at least two digits, and only where a plain decimal would be long.
    if !(-4..16).contains(&exponent) {
        let below = if exponent < 0 { '-' } else { '+' };
        return format!("{sign}{digits}e{below}{:02}", exponent.abs());
    }
    let digits = digits.replacen('.', "", 1);
    let Ok(before) = usize::try_from(exponent + 1) else {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    };
    match digits.split_at_checked(before) {
        Some((whole, rest)) if before > 0 => format!("{sign}{whole}.{}", if rest.is_empty() { "0" } else { rest }),
        Some(_) => format!("{sign}0.{digits}"),
        None => format!("{sign}{digits}{}.0", "0".repeat(before - digits.len())),
    }
}

/// A table of measured quantities: `architecture`, then a column for each quantity. What is unknown is empty.
#[derive(Debug)]
pub struct Measured {
    text: String,
    columns: usize,
}

impl Measured {
    /// A table with these columns, without rows.
    pub fn new(columns: &[&str]) -> Self {
        Self { text: format!("architecture,{}\n", columns.join(",")), columns: columns.len() }
    }

    /// Adds a row. A text with a comma is quoted.
    ///
    /// # Errors
    /// If there are not as many values as columns.
    pub fn push<V: fmt::Display>(&mut self, architecture: &str, values: &[Option<V>]) -> Result<(), DataError> {
        if values.len() != self.columns {
            let counts = format!("{architecture} has {} values for {} columns", values.len(), self.columns);
            return Err(DataError::Incomplete(counts));
        }
        let quote = if architecture.contains(',') { "\"" } else { "" };
        let _ = write!(self.text, "{quote}{architecture}{quote}");
        for value in values {
            self.text.push(',');
            if let Some(value) = value {
                let _ = write!(self.text, "{value}");
            }
        }
        self.text.push('\n');
        Ok(())
    }

    /// The bytes of the table.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_a_cell_for_each_column() {
        let mut table = Measured::new(&["a", "b"]);
        table.push("x", &[Some(1.5), None]).unwrap();
        table.push("d1,1", &[None, Some(93.0)]).unwrap();
        assert!(table.push("y", &[Some(1.0)]).is_err());
        assert_eq!(table.into_bytes(), b"architecture,a,b\nx,1.5,\n\"d1,1\",,93\n");
    }
}
