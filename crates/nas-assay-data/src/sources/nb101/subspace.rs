//! Truth of sub-space 3: the runs of every network that it has, under the first of its encodings.

use rayon::prelude::*;

use nas_assay_spaces::nb101::{Architecture, COUNT, ModuleHash};

use super::cell::{Cell, EPOCHS, IMAGES, REPEATS};
use crate::table::{Measured, Share};
use crate::{DataError, Made};

/// The first encoding of every network of the sub-space, in their order, with the hash of the network.
pub(super) fn networks() -> Vec<(Architecture, ModuleHash)> {
    let hashed = |index| Architecture::from_index(index).map(|architecture| (architecture.hash(), index));
    let mut all: Vec<(ModuleHash, usize)> = (0..COUNT).into_par_iter().filter_map(hashed).collect();
    all.par_sort_unstable();
    all.dedup_by_key(|(hash, _)| *hash);
    let mut first: Vec<(usize, ModuleHash)> = all.into_iter().map(|(hash, index)| (index, hash)).collect();
    first.sort_unstable();
    let network = |(index, hash)| Some((Architecture::from_index(index)?, hash));
    first.into_iter().filter_map(network).collect()
}

/// The tables of validation and of test accuracies of `networks` with one budget. `cells` are in the order of their hashes.
pub(super) fn tables(
    file: &str,
    cells: &[Cell],
    budget: usize,
    networks: &[(Architecture, ModuleHash)],
) -> Result<[Made; 2], DataError> {
    let epochs = EPOCHS[budget];
    let table = |set: &str, place: usize| {
        let columns: Vec<String> = (1..=REPEATS).map(|run| format!("{set}-{epochs}-run{run}")).collect();
        let mut table = Measured::new(&columns.iter().map(String::as_str).collect::<Vec<_>>());
        for (architecture, hash) in networks {
            let found = cells.binary_search_by_key(hash, |cell| cell.hash).map_err(|_| {
                DataError::content(file, format!("has no cell {hash}, which is the network of {architecture}"))
            })?;
            let share = |right: u16| Share::new(right.into(), IMAGES.into());
            let runs: Vec<Option<Share>> =
                cells[found].runs(budget).iter().map(|run| share(run.right[place])).collect();
            table.push(&architecture.to_string(), &runs)?;
        }
        Ok(Made { path: format!("truth/nb101/{set}-{epochs}.csv"), bytes: table.into_bytes(), notes: Vec::new() })
    };
    Ok([table("validation", 1)?, table("test", 2)?])
}
