//! Files of other kinds than tables of text: what they are is told by their first bytes, and the reader says how a table is made of them.
//!
//! A Python pickle is a program that runs when it is read. No pickle is ever read here, and none of the lines of Python below reads one
//! unless the user gives it to Python.

use std::fmt;

/// How many of the first bytes tell the kind of a file.
pub(super) const FIRST: usize = 512;

/// A kind of file that is no table of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of any protocol, with or without a header.
    Pickle,
    /// Of `torch.save`: a ZIP archive with a pickle in it, or several pickles, as old versions write it.
    Torch,
    /// One array of `NumPy`.
    Npy,
    /// Several arrays of `NumPy`, in a ZIP archive.
    Npz,
    Parquet,
    /// A workbook of Excel (`.xlsx`).
    Workbook,
    /// A ZIP archive of anything else.
    Zip,
    Hdf5,
    Sqlite,
    Bzip2,
    Xz,
    Zstd,
}

/// The number with which old versions of `PyTorch` begin, as a pickle of protocol 2.
const OLD_TORCH: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

impl Kind {
    /// The kind of the file that begins with these bytes, of which there should be [`FIRST`]; `None` if it may be a table.
    pub(super) fn of(first: &[u8]) -> Option<Self> {
        const BEGINNINGS: [(&[u8], Kind); 10] = [
            (b"PAR1", Kind::Parquet),
            (b"\x89HDF\r\n\x1a\n", Kind::Hdf5),
            (b"SQLite format 3\0", Kind::Sqlite),
            (b"\x93NUMPY", Kind::Npy),
            (b"BZh", Kind::Bzip2),
            (b"\xfd7zXZ\0", Kind::Xz),
            (b"\x28\xb5\x2f\xfd", Kind::Zstd),
            (OLD_TORCH, Kind::Torch),
            // The end of an archive with nothing in it.
            (b"PK\x05\x06", Kind::Zip),
            (b"PK\x07\x08", Kind::Zip),
        ];
        if first.starts_with(b"PK\x03\x04") {
            return Some(of_archive(first));
        }
        let known = BEGINNINGS.iter().find(|(beginning, _)| first.starts_with(beginning)).map(|(_, kind)| *kind);
        known.or_else(|| is_pickle(first).then_some(Self::Pickle))
    }

    /// What to do with a file of this name, to follow after a colon.
    pub(super) fn advice(self, file: &str) -> String {
        // A name that needs no escapes in Python.
        let plain = |letter: char| letter.is_alphanumeric() || "./_-+ ".contains(letter);
        let file = if file.chars().all(plain) && file.len() < 120 { file } else { "FILE" };
        // The code is not between quotes, since long quotes are shortened in messages.
        let table = |why: &str, code: &str| format!("{why}:\n{code}");
        let items = "columns=['architecture', 'score']).to_csv('scores.csv', index=False)";
        let make = "make a table of it in Python";
        match self {
            Self::Pickle => table(
                "a pickle is a program that runs when it is read, so that it is never read here; if you trust it, and it is a dictionary of \
                 scores by architecture, make a table of it in Python",
                &format!("import pandas; pandas.DataFrame(pandas.read_pickle('{file}').items(), {items}"),
            ),
            Self::Torch => table(
                "there is a pickle in it, a program that runs when it is read, so that it is never read here; if it is a dictionary of scores \
                 by architecture, make a table of it in Python",
                &format!(
                    "import torch, pandas; pandas.DataFrame([(key, float(score)) for key, score in torch.load('{file}', \
                     weights_only=True).items()], {items}"
                ),
            ),
            Self::Npy => table(
                "if it has a score for each row of the benchmark's table, make a table of it in Python",
                &format!(
                    "import numpy, pandas; pandas.DataFrame({{'score': numpy.load('{file}')}}).to_csv('scores.csv', index_label='row')"
                ),
            ),
            Self::Npz => table(
                "if its arrays are columns, `architecture` and others, make a table of them in Python",
                &format!(
                    "import numpy, pandas; pandas.DataFrame(dict(numpy.load('{file}'))).to_csv('scores.csv', index=False)"
                ),
            ),
            Self::Parquet => {
                table(make, &format!("import pandas; pandas.read_parquet('{file}').to_csv('scores.csv', index=False)"))
            }
            Self::Workbook => {
                table(make, &format!("import pandas; pandas.read_excel('{file}').to_csv('scores.csv', index=False)"))
            }
            Self::Hdf5 => {
                table(make, &format!("import pandas; pandas.read_hdf('{file}').to_csv('scores.csv', index=False)"))
            }
            Self::Sqlite => table(
                "with the name of its table in place of `scores`, make a table of it in Python",
                &format!(
                    "import pandas, sqlite3; pandas.read_sql('select * from scores', sqlite3.connect('{file}')).to_csv('scores.csv', \
                     index=False)"
                ),
            ),
            Self::Zip => "unpack it".to_owned(),
            Self::Bzip2 | Self::Xz | Self::Zstd => "unpack it, or use gzip".to_owned(),
        }
    }
}

/// What follows after `is`: `a Python pickle`.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pickle => "a Python pickle",
            Self::Torch => "a file of PyTorch (.pt)",
            Self::Npy => "an array of NumPy (.npy)",
            Self::Npz => "an archive of NumPy (.npz)",
            Self::Parquet => "a Parquet file",
            Self::Workbook => "a workbook of Excel (.xlsx)",
            Self::Zip => "a ZIP archive",
            Self::Hdf5 => "an HDF5 file",
            Self::Sqlite => "a database of SQLite",
            Self::Bzip2 => "packed with bzip2",
            Self::Xz => "packed with xz",
            Self::Zstd => "packed with zstd",
        })
    }
}

/// The kind of a ZIP archive, by the name of its first file.
fn of_archive(first: &[u8]) -> Kind {
    let length = first.get(26..28).map_or(0, |length| usize::from(u16::from_le_bytes([length[0], length[1]])));
    let name = first.get(30..).map_or(&[][..], |rest| &rest[..length.min(rest.len())]);
    let is_of_workbook = |part: &&[u8]| name.starts_with(part);
    if name.ends_with(b".npy") {
        Kind::Npz
    } else if name == b"data.pkl" || name.ends_with(b"/data.pkl") {
        Kind::Torch
    } else if [&b"[Content_Types].xml"[..], b"_rels/", b"docProps/", b"xl/"].iter().any(is_of_workbook) {
        Kind::Workbook
    } else {
        Kind::Zip
    }
}

/// Whether a file begins as a pickle: with the header of protocols 2 to 5, or as protocols 0 and 1 write a list, a dictionary, a tuple or
/// an object. No table begins like that.
fn is_pickle(first: &[u8]) -> bool {
    match first {
        [0x80, 2..=5, ..] => true,
        // An empty list or dictionary, as protocol 1 has it, and after a mark, as protocol 0 has it. It is remembered, and filled then.
        [b']' | b'}', rest @ ..] | [b'(', b'l' | b'd', rest @ ..] => is_put(rest) || rest == b".",
        [b'(', rest @ ..] => is_pickle(rest) || is_item(rest),
        [b'c', rest @ ..] => is_class(rest),
        _ => false,
    }
}

/// Whether a value is remembered next: under a number in digits, or under a small one in a byte. The first value has the number 0; nine is a
/// tab, which stands between cells.
fn is_put(text: &[u8]) -> bool {
    match text {
        [b'p', rest @ ..] => rest.iter().find(|byte| !byte.is_ascii_digit()) == Some(&b'\n'),
        [b'q', 0..=8, ..] => true,
        _ => false,
    }
}

/// A line with a module, and a line with a name in it: a class or a function, which is called next.
fn is_class(text: &[u8]) -> bool {
    let is_path = |line: Option<&[u8]>| {
        line.is_some_and(|line| {
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
            !line.is_empty() && line.iter().all(plain)
        })
    };
    let mut lines = text.splitn(3, |&byte| byte == b'\n');
    let both = is_path(lines.next()) && is_path(lines.next());
    both && lines.next().is_some_and(|rest| is_put(rest) || matches!(rest, [b'(' | b')' | b']' | b'}', ..]))
}

/// The first item of a tuple: a number or a text.
fn is_item(text: &[u8]) -> bool {
    let Some((line, next)) = text.iter().position(|&byte| byte == b'\n').map(|end| text.split_at(end)) else {
        return is_binary_item(text);
    };
    let number = || std::str::from_utf8(&line[1..]).is_ok_and(|line| line.trim_end_matches('L').parse::<f64>().is_ok());
    match line.first() {
        Some(b'F' | b'I' | b'L') => number(),
        Some(b'V' | b'S') => is_put(&next[1..]),
        _ => is_binary_item(text),
    }
}

/// The same of protocol 1: a text after its length, or the eight bytes of a number.
fn is_binary_item(text: &[u8]) -> bool {
    match text {
        [b'X', length, 0, 0, 0, rest @ ..] => rest.get(usize::from(*length)..).is_some_and(is_put),
        [b'G', _, rest @ ..] => rest.len() >= 7 && rest[..7].iter().any(|byte| *byte < 9 || *byte > 0x7f),
        _ => false,
    }
}
