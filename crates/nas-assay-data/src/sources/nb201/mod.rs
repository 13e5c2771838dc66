//! NAS-Bench-201 (Dong and Yang, ICLR 2020) and the topology search space of NATS-Bench (Dong et al., TPAMI 2021): accuracies of all 15,625
//! architectures.
//!
//! The releases hold trainings with the seeds 777, 888 and 999 over 200 epochs, not all for every architecture, and some over 12 epochs.
//! Later ones have more seeds; the numbers of a seed are the same. So a table is known by its numbers: those of seed 888 have the same bytes from
//! every release.
//!
//! | table of `truth/nb201` | from |
//! |---|---|
//! | `cifar10-test-200-v1.0-mean` | every release; from the later ones by seeds whose mean is the same |
//! | `SET-200-seed888` | every release |
//! | `SET-200-v1.1` | `v1_1`; for `cifar10-test` also NATS |
//! | `SET-200-nats` (columns `SET-200-nats-seed777`, ...), `SET-200-nats-mean` | NATS |
//! | `SET-12-seed111`, `SET-12-seed777` | `v1_1`, NATS |
//!
//! All are in percent, as the share of right answers that the files mean ([`Share`](crate::table::Share)).

mod record;
mod sets;
mod source;
mod tables;
#[cfg(test)]
mod tests;

pub(crate) use sets::{ALL, Set};
#[cfg(test)]
pub(crate) use {record::read as read_record, tables::mean_of as mean_over_seeds};

use nas_assay_spaces::nb201::COUNT;

use crate::files::Files;
use crate::{DataError, Made};

/// Makes every table that follows from the official files: `NAS-Bench-201-v1_0-e61699.pth`, `NAS-Bench-201-v1_1-096897.pth`,
/// `NATS-tss-v1_0-3ffb9.pickle.pbz2`, and the folder `NATS-tss-v1_0-3ffb9-simple` or its tar. Folders may hold any of them, and others.
///
/// # Errors
/// If none of these files is there, if one is damaged or not whole, or if two of them disagree.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    import_first(files, COUNT)
}

/// [`import`] of the benchmark's first `count` architectures.
fn import_first(files: Files<'_>, count: usize) -> Result<Vec<Made>, DataError> {
    let mut all: Vec<(String, Made)> = Vec::new();
    for benchmark in source::read(files, count)? {
        for table in benchmark.tables()? {
            match all.iter_mut().find(|(_, known)| known.path == table.path) {
                None => all.push((benchmark.file.clone(), table)),
                Some((_, known)) if known.bytes == table.bytes => known.notes.extend(table.notes),
                Some((file, _)) => {
                    let both = format!("it gives another `{}` than {file}; import one of them", table.path);
                    return Err(DataError::content(benchmark.file, both));
                }
            }
        }
    }
    Ok(all.into_iter().map(|(_, table)| table).collect())
}
