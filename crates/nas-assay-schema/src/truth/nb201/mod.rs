//! The accuracies of NAS-Bench-201, from tables below `truth/nb201/`.
//!
//! A comparison with published numbers depends on the choice of accuracy and rows, so every choice has a name ([`Nb201Accuracy`],
//! [`RowSet`]). Each table holds one quantity for all 15,625 encodings; its name and that of its columns say which.

mod older;
#[cfg(test)]
mod tests;

use std::path::Path;

use super::measured::MeasuredTable;
use super::table::{Problem, TableError};
use crate::spec::{Nb201Accuracy, Nb201Runs, RowSet};
use crate::{DataRoot, DataRootError};
use nas_assay_base::sha256_hex;
use nas_assay_spaces::nb201::{Architecture, COUNT, Classes};
use nas_assay_spaces::{Architecture as AnyArchitecture, SpaceId};

/// The tables whose digest is known: name (below `truth/nb201/`, without ending) and SHA-256.
pub const KNOWN_TABLES: [(&str, &str); 10] = [
    ("cifar10-half-test-200-seed888", "6da801038e74825cd0fb29674c8ca07ebadd15f58092604e88846b679cbd38e6"),
    ("cifar10-test-12-seed111", "494383b142c39414aede74f4e8c66b0e59df3da4517258fde1735327e857b2be"),
    ("cifar10-test-200-nats-mean", "1fcb33cb33e6bc5d3e0c675890cc0e974e90b36b09cd526f475b7262c50850e5"),
    ("cifar10-test-200-seed888", "f980d45fdb46d1d4be07fc0cbd5bb664e3b91a91168165b0ab5d4ce177ef4c41"),
    ("cifar10-test-200-v1.0-mean", "7cc179d812340256cc304348c9183926ae7687b912fa502da2ae88758c44c089"),
    ("cifar10-test-200-v1.1", "8c4c46c724b0b97924203703e9c40c0af2e9449ca76d14813612ceea3d10e4ec"),
    ("cifar100-test-200-nats-mean", "36985c347c81787a468b427a060ba26d6a0d8efd2c7d11c4553ad02dda37d4fe"),
    ("cifar100-test-200-seed888", "1cf71bd84f08b2f7a654997d370f571418c91c17faf328e988371e76941d286a"),
    ("imagenet16-test-200-nats-mean", "fad32bda7d7a045da196c7288a16f082a40443ce33db62bbeae73ca7a0edec8d"),
    ("imagenet16-test-200-seed888", "29a9b8129b7e357641c8c295cbe9e58adf2467905c6f8fbf796c7e03f1cbb186"),
];

/// The SHA-256 of the table of this name, if it is known.
pub fn known_digest(name: &str) -> Option<&'static str> {
    KNOWN_TABLES.iter().find(|(known, _)| *known == name).map(|(_, sha256)| *sha256)
}

/// For each index of the benchmark a bit, the lowest first: whether Ning et al. (2021) chose this encoding to represent its class.
static REPRESENTATIVES: &[u8; COUNT.div_ceil(8)] = include_bytes!("representatives.bin");

/// Whether Ning et al. (2021) chose this encoding to represent its class.
pub fn is_representative(architecture: Architecture) -> bool {
    let index = architecture.benchmark_index();
    REPRESENTATIVES[index / 8] >> (index % 8) & 1 == 1
}

/// The path in the data root of the table of this name.
pub fn table_path(name: &str) -> String {
    format!("truth/nb201/{name}.csv")
}

/// Reads the bytes of a table with a declared digest. If there is no such file, and the data root has the older `truth/nb201.csv` with all
/// quantities in one table, the table is made of that: a truth is known by its numbers.
///
/// # Errors
/// As [`DataRoot::read_verified`]; a damaged older table is named by its own digest.
pub fn read(root: &DataRoot, path: &Path, sha256: &str) -> Result<Vec<u8>, DataRootError> {
    let missing = match root.read_verified(path, sha256) {
        Err(missing @ DataRootError::Missing { .. }) => missing,
        done => return done,
    };
    let Some((name, bytes)) = path.to_str().filter(|path| older::has(path)).zip(root.read(older::PATH).ok()) else {
        return Err(missing);
    };
    let made = older::table(&bytes, name).filter(|made| sha256_hex(made).eq_ignore_ascii_case(sha256));
    made.ok_or_else(|| match sha256_hex(&bytes) {
        // It is whole, and does not have these numbers.
        found if found == OLDER.1 => missing,
        found => DataRootError::Digest { path: root.folder().join(older::PATH), expected: OLDER.1.to_owned(), found },
    })
}

/// The table of earlier versions, with several quantities: its path in the data root, and its SHA-256.
pub const OLDER: (&str, &str) = (older::PATH, "67eadc3701bfba59417a670374095c815fa28a80a770ec4d955d9870b85d18e4");

/// Whether a data root has the table with this path, or the older table of which [`read`] makes it.
pub fn is_at_hand(root: &DataRoot, path: &str) -> bool {
    let older = || older::has(path) && root.resolve(older::PATH).is_ok();
    root.resolve(path).is_ok() || older()
}

/// A table: every encoding once.
#[derive(Clone, Debug, PartialEq)]
pub struct Nb201Table {
    measured: MeasuredTable,
    architectures: Vec<Architecture>,
}

impl Nb201Table {
    /// Reads the content of a file. `file` is its name in errors.
    ///
    /// # Errors
    /// The first wrong place; also if the table has not all 15,625 encodings.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, TableError> {
        if older::begins(bytes) {
            let name = Nb201Accuracy::PAPER.table();
            let (path, sha256) = (table_path(&name), known_digest(&name).unwrap_or_default());
            return Err(TableError::at(file, 1, None, Problem::Older { path, sha256 }));
        }
        let measured = MeasuredTable::parse(SpaceId::Nb201, file, bytes, None)?;
        let of = |architecture: &AnyArchitecture| match architecture {
            AnyArchitecture::Nb201(architecture) => Some(*architecture),
            _ => None,
        };
        let architectures: Vec<Architecture> = measured.architectures().iter().filter_map(of).collect();
        let found = architectures.len();
        if found != COUNT {
            return Err(TableError::at(file, found as u64 + 1, None, Problem::Rows { expected: COUNT, found }));
        }
        Ok(Self { measured, architectures })
    }

    /// The encoding of every row, in the order of the file.
    pub fn architectures(&self) -> &[Architecture] {
        &self.architectures
    }

    /// The rows of `set` that have this accuracy: their numbers from 0, and the accuracy as a fraction.
    ///
    /// # Errors
    /// If the table has no column for it.
    pub fn select(&self, set: RowSet, accuracy: Nb201Accuracy) -> Result<Vec<(usize, f64)>, TableError> {
        let mut accuracies = self.measured.mean(&accuracy.columns())?;
        if accuracy.runs == Nb201Runs::V10ClassMean {
            self.average_classes(&mut accuracies);
        }
        let chosen = |row: &usize| set == RowSet::All || is_representative(self.architectures[*row]);
        let rows = (0..COUNT).filter(chosen);
        Ok(rows.filter_map(|row| Some((row, accuracies[row]?))).collect())
    }

    /// Gives every encoding the mean of its class. A class with an encoding that has no accuracy has none.
    fn average_classes(&self, accuracies: &mut [Option<f64>]) {
        let classes = Classes::paper();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); classes.sizes().len()];
        for (row, architecture) in self.architectures.iter().enumerate() {
            members[classes.class_of(*architecture)].push(row);
        }
        for rows in members {
            let known: Option<Vec<f64>> = rows.iter().map(|&row| accuracies[row]).collect();
            let against_even =
                rows.iter().any(|&row| AGAINST_EVEN.contains(&self.architectures[row].benchmark_index()));
            let mean = known.map(|known| class_mean(&known, against_even));
            for row in rows {
                accuracies[row] = mean;
            }
        }
    }
}

/// The mean of some classes lies exactly between two numbers of six decimals. The authors' sum in floating point fell to one side or the
/// other: in 49 of the 55 classes to the even number, in those of these six encodings (by their index in the benchmark) to the odd one.
const AGAINST_EVEN: [usize; 6] = [2247, 8972, 10133, 11561, 12751, 15212];

/// The mean of accuracies of five decimals, rounded to six.
fn class_mean(accuracies: &[f64], against_even: bool) -> f64 {
    let sum: u64 = accuracies.iter().map(|accuracy| (accuracy * 1e5).round() as u64).sum();
    // The mean in units of 1e-6 is this quotient.
    let (sum, count) = (10 * sum, accuracies.len() as u64);
    let (down, rest) = (sum / count, sum % count);
    let up = match (2 * rest).cmp(&count) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => (down % 2 == 1) != against_even,
    };
    (down + u64::from(up)) as f64 / 1e6
}
