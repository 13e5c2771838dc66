//! Beginnings of files of other kinds, as the programs write them that make such files.

use proptest::prelude::*;

use super::kind::{FIRST, Kind};

/// A ZIP archive whose first file has this name.
fn archive(name: &str) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0\x9f\xd3\x66\x7a\x08\0\0\0\x08\0\0\0".to_vec();
    bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend(name.bytes());
    bytes.extend(b"the content of the file");
    bytes
}

/// What Python 3.11 writes for tables and their parts: protocols 0 and 1, which have no header.
const PICKLES: [&[u8]; 26] = [
    b"(dp0\nV|none~0|+|none~0|none~1|\np1\nF0.5\ns.",
    b"}q\0X\x18\0\0\0|none~0|+|none~0|none~1|q\x01G?\xe0\0\0\0\0\0\0s.",
    b"(lp0\nF0.5\na.",
    b"]q\0G?\xe0\0\0\0\0\0\0a.",
    b"(lp0\n(V|none~0|+|none~0|none~1|\np1\nF0.5\ntp2\na.",
    b"]q\0(X\x18\0\0\0|none~0|+|none~0|none~1|q\x01G?\xe0\0\0\0\0\0\0tq\x02a",
    b"(F0.5\nI1\ntp0\n.",
    b"(F-2.0\ntp0\n.",
    b"(I3\nI4\ntp0\n.",
    b"(L123456789012345678901L\nF0.5\ntp0\n.",
    b"(G?\xe0\0\0\0\0\0\0K\x01tq\0.",
    b"(V|none~0|+|none~0|none~1|\np0\nF0.5\ntp1\n.",
    b"(S'|none~0|+|none~0|none~1|'\np0\nF0.5\ntp1\n.",
    b"(X\x18\0\0\0|none~0|+|none~0|none~1|q\0G?\xe0\0\0\0\0\0\0tq\x01.",
    b"((lp0\nV|none~0|+|none~0|none~1|\np1\na(lp2\nF0.5\nat",
    b"(]q\0X\x18\0\0\0|none~0|+|none~0|none~1|q\x01a]q\x02G?\xe0\0\0\0\0\0\0",
    b"c__builtin__\nset\np0\n((lp1\nV|none~0|+|none~0|none",
    b"c__builtin__\nset\nq\0(]q\x01X\x18\0\0\0|none~0|+|none~0|non",
    b"ccollections\nOrderedDict\np0\n(tRp1\nV|none~0|+|non",
    b"ccollections\nOrderedDict\nq\0)Rq\x01X\x18\0\0\0|none~0|+|no",
    b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nn",
    b"cnumpy.core.multiarray\n_reconstruct\nq\0(cnumpy\nnd",
    b"ccopy_reg\n_reconstructor\np0\n(cpandas.core.frame\n",
    b"ccopy_reg\n_reconstructor\n(cpandas.core.frame\nDataFrame\n",
    b"(dp1\nS'a'\np2\nF1.0\ns.",
    b"}.",
];

#[test]
fn every_protocol_of_pickles_is_told() {
    for pickle in PICKLES {
        assert_eq!(Kind::of(pickle), Some(Kind::Pickle), "{}", pickle.escape_ascii());
    }
    for protocol in 2..=5 {
        assert_eq!(Kind::of(&[0x80, protocol, b'}', b'q']), Some(Kind::Pickle));
    }
    for other in [&[0x80, 1, b'}'][..], &[0x80, 6, 0x95], &[0x80]] {
        assert_eq!(Kind::of(other), None);
    }
}

#[test]
fn a_beginning_that_is_nearly_a_pickle_is_none() {
    for text in [
        "(dp0",
        "(dp0,score\n",
        "(dpx\n",
        "(l,score\n",
        "(l\n",
        "]p\u{1}",
        "]q,architecture\n",
        "}q",
        "(F0.5,1\n",
        "(Fx\n",
        "(Value)\n",
        "(Value)\nq1\n",
        "(Score)\nparams\n",
        "(X of it)\n",
        "(Gflops), architecture\n",
        "(index),architecture,score\n0,1,2\n",
        "c",
        "cell\n",
        "cell\n\np0\n",
        "cell\nscore\n",
        "cell,a\nscore\np0\n",
        "cell\nsco re\np0\n",
        "config\nscore\nparams\n",
        "(",
        "((",
        "",
        ".",
        "N.",
    ] {
        assert_eq!(Kind::of(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn every_other_kind_is_told_by_what_it_begins_with() {
    let kinds: [(&[u8], Kind, &str); 13] = [
        (b"PAR1\x15\x04", Kind::Parquet, "a Parquet file"),
        (b"\x89HDF\r\n\x1a\n\0\0", Kind::Hdf5, "an HDF5 file"),
        (b"SQLite format 3\0\x10", Kind::Sqlite, "a database of SQLite"),
        (b"\x93NUMPY\x01\0v\0{'descr'", Kind::Npy, "an array of NumPy (.npy)"),
        (b"BZh91AY&SY", Kind::Bzip2, "packed with bzip2"),
        (b"\xfd7zXZ\0\0\x04", Kind::Xz, "packed with xz"),
        (b"\x28\xb5\x2f\xfd\x04", Kind::Zstd, "packed with zstd"),
        (b"PK\x05\x06\0\0", Kind::Zip, "a ZIP archive"),
        (b"PK\x07\x08PK\x03\x04", Kind::Zip, "a ZIP archive"),
        // Of old versions of PyTorch; the same with another number is another pickle.
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02", Kind::Torch, "a file of PyTorch (.pt)"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x18.\x80\x02", Kind::Pickle, "a Python pickle"),
        (b"PK\x03\x04", Kind::Zip, "a ZIP archive"),
        (
            b"PK\x03\x04\x14\0\0\0\0\0\0\0!\0\x9f\xd3\x66\x7a\x08\0\0\0\x08\0\0\0\x09\0\0\0a/data.p",
            Kind::Zip,
            "a ZIP archive",
        ),
    ];
    for (first, kind, name) in kinds {
        assert_eq!((Kind::of(first), kind.to_string().as_str()), (Some(kind), name), "{}", first.escape_ascii());
        // A part of the mark is no mark. (`PK` alone is no archive.)
        let marked = match kind {
            Kind::Pickle => 1,
            Kind::Torch => continue,
            Kind::Hdf5 => 7,
            Kind::Sqlite => 15,
            Kind::Npy | Kind::Xz => 5,
            Kind::Bzip2 => 2,
            _ => 3,
        };
        assert_eq!(Kind::of(&first[..marked]), None, "{}", first.escape_ascii());
    }
    for (name, kind) in [
        ("architecture.npy", Kind::Npz),
        ("mine/data.pkl", Kind::Torch),
        ("data.pkl", Kind::Torch),
        ("mydata.pkl", Kind::Zip),
        ("[Content_Types].xml", Kind::Workbook),
        ("_rels/.rels", Kind::Workbook),
        ("docProps/app.xml", Kind::Workbook),
        ("xl/workbook.xml", Kind::Workbook),
        ("xl.csv", Kind::Zip),
        ("scores.csv", Kind::Zip),
        ("a.npy.csv", Kind::Zip),
    ] {
        assert_eq!(Kind::of(&archive(name)), Some(kind), "{name}");
    }
    assert_eq!(
        Kind::Npz.to_string() + &Kind::Workbook.to_string(),
        "an archive of NumPy (.npz)a workbook of Excel (.xlsx)"
    );
}

/// The name of the file is in the line of Python, unless it needs escapes there.
#[test]
fn the_line_of_python_names_the_file() {
    let line = |kind: Kind, file: &str| {
        let advice = kind.advice(file);
        advice.split_once(" in Python:\n").unwrap().1.to_owned()
    };
    assert_eq!(
        line(Kind::Parquet, "my data/a-b_c.parquet"),
        "import pandas; pandas.read_parquet('my data/a-b_c.parquet').to_csv('scores.csv', index=False)"
    );
    for odd in ["a'); import os; ('", "a\\b", "a\nb", "a`b", "a\"b", "a%(b)", &"x".repeat(120)] {
        assert!(line(Kind::Pickle, odd).contains("pandas.read_pickle('FILE')"), "{odd}");
    }
    for kind in [Kind::Torch, Kind::Npy, Kind::Npz, Kind::Workbook, Kind::Hdf5, Kind::Sqlite] {
        assert!(line(kind, "of me").contains("('of me'"), "{kind}");
    }
    for kind in [Kind::Pickle, Kind::Torch] {
        assert!(kind.advice("a").contains("a program that runs when it is read, so that it is never read here"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Tables begin with the names of their columns, one of which names the architectures, or as JSON does.
    #[test]
    fn no_table_is_of_another_kind(
        before in r"[A-Za-z0-9_ ()\[\]{}.'#-]{0,12}",
        separator in prop::sample::select(vec![",", ";", "\t"]),
        row in "[ -~]{0,20}",
    ) {
        let header = format!("{before}{separator}architecture\n{row}\n");
        prop_assert_eq!(Kind::of(header.as_bytes()), None);
        for json in ["{\"", "[{\"", "[\n", "{\n", "\u{feff}a", "\n{"] {
            prop_assert_eq!(Kind::of(format!("{json}{row}").as_bytes()), None);
        }
    }

    #[test]
    fn any_beginning_is_of_a_kind_or_none(first in prop::collection::vec(any::<u8>(), 0..40), start in 0..PICKLES.len()) {
        let _ = Kind::of(&first);
        let _ = Kind::of(&[b"PK\x03\x04", &first[..]].concat());
        let pickle = PICKLES[start];
        let _ = Kind::of(&[&pickle[..first.len().min(pickle.len())], &first[..]].concat());
        prop_assert_eq!(Kind::of(&[b'('; FIRST]), None);
    }
}
