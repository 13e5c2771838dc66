//! The release of the paper's authors (Ning et al. 2021): what they measured, as pickles and texts, in a clone, its archive, or loose files.
//!
//! | file | gives |
//! |---|---|
//! | `fig1_nb101_stat_acc.pkl` | `truth/nb101.csv`, `published/nb101_oneshot.csv` |
//! | `fig4_nb301_gt_stat_acc.pkl` | `published/nb301_oneshot.csv`, and with `archs.yaml` also `truth/nb301.csv` |
//! | `resnet_gt_5k_3seed.pkl`, `resnexta_gt_5k.pkl` | `truth/nds_resnet.csv`, `truth/nds_resnext_a.csv` |
//! | both `1000.log` of ResNeXt-A | `published/nds_resnext_a_oneshot.csv` |
//! | `iso_dict.txt` | `truth/nb201/cifar10-test-200-v1.0-mean.csv` |
//! | `deiso_dict.txt`, `non-isom.txt` | no table: they have to agree with the classes of this project |
//!
//! Every table is known by its SHA-256, and every file of the release too. A table that comes out otherwise is refused.

#[cfg(test)]
mod backwards;
mod cells;
mod gather;
mod log;
mod nb201;
mod nds;
#[cfg(test)]
mod number_tests;
mod numbers;
#[cfg(test)]
mod real_tests;
mod stat;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer;

use nas_assay_base::digest::sha256_hex;
use nas_assay_schema::truth::nb101::{NB101_ROWS, Nb101Table};
use nas_assay_schema::truth::nb301::{NB301_ROWS, Nb301Table};
use nas_assay_schema::truth::nds::{NdsTable, ROWS as NDS_ROWS};
use nas_assay_schema::truth::table::TableError;
use nas_assay_spaces::nds::{ResNeXtA, ResNet};

use crate::files::Files;
use crate::pickle::{PickleError, Stream, Tree};
use crate::{DataError, Made, catalogue};

use gather::{Found, Role};

const NB101: &str = "truth/nb101.csv";
const NB101_ONE_SHOT: &str = "published/nb101_oneshot.csv";
const NB201: &str = "truth/nb201/cifar10-test-200-v1.0-mean.csv";
const NB301: &str = "truth/nb301.csv";
const NB301_ONE_SHOT: &str = "published/nb301_oneshot.csv";
const RESNET: &str = "truth/nds_resnet.csv";
const RESNEXT_A: &str = "truth/nds_resnext_a.csv";
const RESNEXT_A_ONE_SHOT: &str = "published/nds_resnext_a_oneshot.csv";

/// How many rows the tables have.
struct Sizes {
    nb101: usize,
    nb301: usize,
    nds: usize,
}

const OFFICIAL: Sizes = Sizes { nb101: NB101_ROWS, nb301: NB301_ROWS, nds: NDS_ROWS };

/// A table, and what it was made of.
struct Table {
    path: &'static str,
    bytes: Vec<u8>,
    from: Vec<Role>,
}

/// Makes every table for which the files are given. A file is known by its SHA-256, whatever its name; another one by its name, and the two
/// `1000.log` by the folder `full_ordinal_search` or `full_search`. Other files are left alone.
///
/// # Errors
/// If no table can be made; if a file is not what its name says, or two files could be the same one; if a table has another SHA-256 than
/// the known one; and if `deiso_dict.txt` or `non-isom.txt` do not agree with the classes of
/// [`Classes::paper`](nas_assay_spaces::nb201::Classes::paper).
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let found = gather::gather(files, gather::RELEASE)?;
    let mut made = Vec::new();
    for table in tables(&found, &OFFICIAL)? {
        made.push(finished(table, &found)?);
    }
    if let Some(first) = made.first_mut() {
        first.notes.extend(left_over(&found));
    }
    Ok(made)
}

/// As [`import`], of invented files with five rows whose tables are compared with nothing: what random inputs are given to.
#[doc(hidden)]
pub fn import_five_rows(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let found = gather::gather(files, gather::RELEASE)?;
    let made = |table: Table| Made { path: table.path.to_owned(), bytes: table.bytes, notes: Vec::new() };
    Ok(tables(&found, &Sizes { nb101: 5, nb301: 5, nds: 5 })?.into_iter().map(made).collect())
}

/// The tables of the files, which are not compared with the known ones.
fn tables(found: &Found, sizes: &Sizes) -> Result<Vec<Table>, DataError> {
    let mut tables = Vec::new();
    let mut add = |path, bytes, from: &[Role]| tables.push(Table { path, bytes, from: from.to_vec() });
    if let Some(file) = found.get(Role::Nb101)? {
        let stat = stat::Nb101::read(file, sizes.nb101)?;
        add(NB101, stat.truth().into_bytes(), &[Role::Nb101]);
        add(NB101_ONE_SHOT, stat.one_shot().into_bytes(), &[Role::Nb101]);
    }
    if let Some(file) = found.get(Role::Nb301)? {
        let stat = stat::Nb301::read(file, sizes.nb301)?;
        if let Some(cells) = found.get(Role::Cells)? {
            add(NB301, stat.truth(&cells::read(cells, sizes.nb301)?).into_bytes(), &[Role::Nb301, Role::Cells]);
        }
        add(NB301_ONE_SHOT, stat.one_shot().into_bytes(), &[Role::Nb301]);
    }
    if let Some(file) = found.get(Role::ResNet)? {
        add(RESNET, nds::read::<ResNet>(file, sizes.nds)?.into_bytes(), &[Role::ResNet]);
    }
    if let Some(file) = found.get(Role::ResNeXtA)? {
        add(RESNEXT_A, nds::read::<ResNeXtA>(file, sizes.nds)?.into_bytes(), &[Role::ResNeXtA]);
    }
    if let (Some(ordinal), Some(l1)) = (found.get(Role::OrdinalLog)?, found.get(Role::L1Log)?) {
        add(RESNEXT_A_ONE_SHOT, log::read(ordinal, l1, sizes.nds)?.into_bytes(), &[Role::OrdinalLog, Role::L1Log]);
    }
    if let Some(file) = found.get(Role::Accuracies)? {
        add(NB201, nb201::accuracies(file)?, &[Role::Accuracies]);
    }
    if let Some(file) = found.get(Role::Groups)? {
        nb201::check_groups(file)?;
    }
    if let Some(file) = found.get(Role::Representatives)? {
        nb201::check_representatives(file)?;
    }
    if tables.is_empty() { Err(DataError::Incomplete(nothing(found))) } else { Ok(tables) }
}

/// Why there is no table.
fn nothing(found: &Found) -> String {
    let left = left_over(found);
    if left.is_empty() {
        let names: Vec<&str> = Role::ALL[..8].iter().map(|role| role.name()).collect();
        format!("no file of the authors' release was found; those that tables are made of are {}", names.join(", "))
    } else {
        format!("no table can be made. {}", left.join(". "))
    }
}

/// What was found and gives no table, because another file is missing.
fn left_over(found: &Found) -> Vec<String> {
    let mut left = Vec::new();
    for (role, other, table) in [
        (Role::Nb301, Role::Cells, NB301),
        (Role::Cells, Role::Nb301, NB301),
        (Role::OrdinalLog, Role::L1Log, RESNEXT_A_ONE_SHOT),
        (Role::L1Log, Role::OrdinalLog, RESNEXT_A_ONE_SHOT),
    ] {
        if found.has(role) && !found.has(other) {
            left.push(format!("{table} needs {} too, beside {}", other.path(), role.path()));
        }
    }
    for role in [Role::Groups, Role::Representatives] {
        if found.has(role) {
            left.push(format!("{} was checked; it gives no table", role.name()));
        }
    }
    left
}

/// The table as a file, if it is the known one.
fn finished(table: Table, found: &Found) -> Result<Made, DataError> {
    let Table { path, bytes, from } = table;
    let refused = |error: TableError| DataError::content(sources(&from, found), error.to_string());
    match path {
        NB101 => Nb101Table::parse(path, &bytes).map(drop).map_err(refused)?,
        NB301 => Nb301Table::parse(path, &bytes).map(drop).map_err(refused)?,
        RESNET => NdsTable::<ResNet>::parse(path, &bytes).map(drop).map_err(refused)?,
        RESNEXT_A => NdsTable::<ResNeXtA>::parse(path, &bytes).map(drop).map_err(refused)?,
        _ => {}
    }
    let digest = sha256_hex(&bytes);
    let due = catalogue::digest_of(path).unwrap_or_default();
    let unknown: Vec<String> = from.iter().filter_map(|&role| found.unknown(role)).collect();
    if digest != due {
        let why = if unknown.is_empty() {
            "the files are those of the release, so this is an error of the program".to_owned()
        } else {
            format!("nothing in it is free. {}", unknown.join(". "))
        };
        let problem = format!("the table that follows, {path}, has the SHA-256 {digest}; {due} is due, and {why}");
        return Err(DataError::content(sources(&from, found), problem));
    }
    let notes = unknown.into_iter().map(|which| format!("{which}, but gives the same table")).collect();
    Ok(Made { path: path.to_owned(), bytes, notes })
}

/// The files that a table is made of.
fn sources(from: &[Role], found: &Found) -> String {
    from.iter().filter_map(|&role| found.path(role)).collect::<Vec<_>>().join(", ")
}

/// The pickle of a file. Those of the release have 3 MB.
fn pickle(path: &str, bytes: &[u8]) -> Result<Tree, DataError> {
    const MEMORY: usize = 200_000_000;
    let refused = |error: PickleError| DataError::pickle(path, &error);
    let mut stream = Stream::new(bytes);
    let tree = stream.whole(MEMORY).map_err(refused)?;
    if stream.is_done().map_err(refused)? {
        Ok(tree)
    } else {
        Err(DataError::content(path, "there are bytes after the end of the pickle"))
    }
}
