//! Tables of the data root as text. A table has the same bytes whichever source it was made from, so a number has one form ([`Share`]).

use std::fmt::{self, Write as _};

pub use nas_assay_schema::truth::share::Share;

use crate::DataError;

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
