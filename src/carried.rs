//! Files that are part of the program: specs, truth tables that this project trained, and the goldens of the miniatures.

use nas_assay_base::nearest;

use crate::DeviceClass;
use crate::space::SpaceId;
use crate::spec::parse_recipe;
use crate::truth::trained::{TrainedError, TrainedTable, parse};

/// The name and the text of each spec.
macro_rules! specs {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("../fixtures/specs/", $name, ".toml")))),*] };
}

/// The name, the recipe and the rows of each truth table.
macro_rules! tables {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!("../fixtures/truth/", $name, ".toml")),
            include_str!(concat!("../fixtures/truth/", $name, ".csv")),
        )),*]
    };
}

/// The carried specs: name and TOML text. Each space has a spec that needs no data and a spec that needs the data root.
pub const SPECS: &[(&str, &str)] = specs![
    "nb101-micro",
    "nb101-real",
    "nb201-improvements",
    "nb201-micro",
    "nb201-real",
    "nb301-micro",
    "nb301-real",
    "nds_resnet-micro",
    "nds_resnet-pickers",
    "nds_resnet-real",
    "nds_resnext_a-micro",
    "nds_resnext_a-real",
    "paper-nb101",
    "paper-nb201",
    "paper-nb301",
    "paper-nds_resnet",
    "paper-nds_resnext_a",
    "real-nb101-published",
    "real-nb101-zeroshot",
    "real-nb201-encodings",
    "real-nb201-improvements",
    "real-nb201-oneshot",
    "real-nb201-skips",
    "real-nb201-zeroshot",
    "real-nb301-published",
    "real-nb301-zeroshot",
    "real-nds_resnet-zeroshot",
    "real-nds_resnext_a-published",
    "real-nds_resnext_a-zeroshot",
];

/// The carried truth tables: name, recipe, rows.
const TABLES: &[(&str, &str, &str)] =
    tables!["nb101-micro", "nb201-micro", "nb301-micro", "nds_resnet-micro", "nds_resnext_a-micro"];

/// The carried truth table `name`.
///
/// # Errors
/// If there is no table with this name.
pub fn truth(name: &str) -> Result<TrainedTable, TrainedError> {
    let names = || TABLES.iter().map(|(name, ..)| *name);
    let unknown = || TrainedError::Unknown {
        name: name.to_owned(),
        known: names().collect::<Vec<_>>().join(", "),
        nearest: nearest(name, names()).map(|name| format!("; the nearest is `{name}`")).unwrap_or_default(),
    };
    let (_, recipe, table) = TABLES.iter().find(|(candidate, ..)| *candidate == name).ok_or_else(unknown)?;
    parse(parse_recipe(recipe, name)?, table)
}

/// The golden file of a space's miniature for a device class, if there is one.
pub fn golden(space: SpaceId, class: DeviceClass) -> Option<&'static str> {
    match (class, space) {
        (DeviceClass::Cpu, SpaceId::Nb101) => Some(include_str!("../golden/nb101-micro@cpu.snap")),
        (DeviceClass::Cpu, SpaceId::Nb201) => Some(include_str!("../golden/nb201-micro@cpu.snap")),
        (DeviceClass::Cpu, SpaceId::Nb301) => Some(include_str!("../golden/nb301-micro@cpu.snap")),
        (DeviceClass::Cpu, SpaceId::NdsResnet) => Some(include_str!("../golden/nds_resnet-micro@cpu.snap")),
        (DeviceClass::Cpu, SpaceId::NdsResnextA) => Some(include_str!("../golden/nds_resnext_a-micro@cpu.snap")),
        (DeviceClass::Cuda, _) | (_, SpaceId::Table(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truth::trained::render;

    #[test]
    fn a_table_written_again_has_the_same_bytes() {
        for (name, _, text) in TABLES {
            let table = truth(name).unwrap();
            assert!(render(&table.recipe.seeds, &table.rows).unwrap() == *text, "{name}");
        }
    }

    #[test]
    fn every_space_has_a_golden_of_the_cpu() {
        for space in SpaceId::ALL {
            let golden = golden(space, DeviceClass::Cpu).unwrap();
            assert!(golden.contains(&format!("nas-assay run {space}-micro")), "{space}");
        }
    }
}
