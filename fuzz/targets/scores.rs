//! Score files of all spaces: every row ends in one class, and what is read is the same in every reading.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nas_assay::scores::{Reading, ScoreRows, TruthRows, listed};
use nas_assay::seed::Seed;
use nas_assay::space::{Architecture, SpaceId};
use nas_assay::spec::Encodings;
use nas_assay::store::record::RowClass;

/// A small table of each space. Every third row is no truth.
static TABLES: LazyLock<Vec<(SpaceId, Vec<Architecture>, Vec<usize>)>> = LazyLock::new(|| {
    let table = |space: SpaceId| {
        let mut stream = Seed::root(1).stream();
        let example = Architecture::parse(space, space.example()).expect("an architecture");
        let drawn = (0..20).map(|_| space.sample(&mut stream));
        let rows: Vec<Architecture> = std::iter::once(example).chain(drawn).collect();
        let chosen = (0..rows.len()).filter(|row| row % 3 != 2).collect();
        (space, rows, chosen)
    };
    SpaceId::ALL.into_iter().map(table).collect()
});

fuzz_target!(|bytes: &[u8]| {
    // The first byte chooses the space, what stands for an architecture, and what other architectures are.
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let unlisted = if first & 32 == 0 { RowClass::NoTruth } else { RowClass::NotInPanel };
    let encodings = if first & 64 == 0 { Encodings::Own } else { Encodings::Class };
    let columns = ["score".to_owned()];
    let reading = Reading { columns: &columns, form: None, failures: &[-1e8], encodings };
    let (space, rows, chosen) = &TABLES[usize::from(first) % TABLES.len()];
    let truth = TruthRows { space: *space, rows, chosen, numbered: if first < 128 { rows.len() } else { 0 }, unlisted };
    if let Err(error) = listed("a file", bytes, *space) {
        assert!(error.to_string().chars().count() < 2_000, "{error}");
    }
    match ScoreRows::read("a file", Box::new(bytes), reading, &truth) {
        Err(error) => assert!(error.to_string().chars().count() < 2_000, "{error}"),
        Ok(found) => {
            let in_panel = |row: usize| found.scores(row).is_some() && chosen.contains(&row);
            let coverage = found.coverage("mine", &truth, &in_panel, false);
            assert_eq!(coverage.classes.iter().map(|class| class.rows).sum::<u64>(), found.len());
            let mut odd = 0;
            let visited = found.each_odd(Box::new(bytes), reading, &truth, (&in_panel, false), &mut |_, _, _| {
                odd += 1;
                Ok(())
            });
            visited.expect("it was read before");
            assert_eq!(odd + coverage.count(RowClass::Judged), found.len());
        }
    }
});
