//! Truth tables of all benchmarks, and tables of this project.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nas_assay::carried;
use nas_assay::space::SpaceId;
use nas_assay::space::nds::{ResNeXtA, ResNet};
use nas_assay::truth::measured::MeasuredTable;
use nas_assay::truth::nb101::Nb101Table;
use nas_assay::truth::nb201::Nb201Table;
use nas_assay::truth::nb301::Nb301Table;
use nas_assay::truth::nds::NdsTable;
use nas_assay::truth::trained;

fuzz_target!(|bytes: &[u8]| {
    let errors = [
        Nb101Table::parse("a file", bytes).err().map(|error| error.to_string()),
        Nb201Table::parse("a file", bytes).err().map(|error| error.to_string()),
        Nb301Table::parse("a file", bytes).err().map(|error| error.to_string()),
        NdsTable::<ResNet>::parse("a file", bytes).err().map(|error| error.to_string()),
        NdsTable::<ResNeXtA>::parse("a file", bytes).err().map(|error| error.to_string()),
        MeasuredTable::parse(SpaceId::Nb201, "a file", bytes, None).err().map(|error| error.to_string()),
        MeasuredTable::parse(SpaceId::Nb201, "a file", bytes, Some("ms")).err().map(|error| error.to_string()),
    ];
    for error in errors.iter().flatten() {
        assert!(error.chars().count() < 2_000, "{error}");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for name in ["nb101-micro", "nb201-micro", "nb301-micro", "nds_resnet-micro"] {
        let recipe = carried::truth(name).expect("a carried table").recipe;
        let seeds = recipe.seeds.clone();
        let Ok(table) = trained::parse(recipe.clone(), text) else { continue };
        let written = trained::render(&seeds, &table.rows).expect("a table");
        let again = trained::parse(recipe, &written).expect("what was written is read");
        assert_eq!(again.rows, table.rows);
    }
});
