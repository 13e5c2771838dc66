//! The data that decide claims. Each file is read when a claim needs it for the first time, checked by its digest, and kept.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::experiment::{ExperimentError, Inputs, Resolved, Silent, find_carried, scores_of_files};
use crate::space::{Architecture, Census, SpaceId, nb301, nds};
use crate::spec::{DataFile, Nb101Accuracy, Nb301Precision, Nb301Rows, Spec, Truth};
use crate::store::record::Record;
use crate::store::{RecordId, Store, command};
use crate::{DataRoot, DeviceClass};

use super::panel::{Column, Scored};
use super::trouble::Trouble;

/// The file of criteria that the authors computed from their own scores, and its SHA-256. No carried spec reads this file.
const AUTHORS: (&str, &str) =
    ("published/authors_criteria.json", "17fc25bbc3a3d053652748a463dfb463cb4fa06ecc93d6c31e2543a1d3abcea7");

/// A truth table, with published scores of its architectures if there are any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The 5,000 rows of NAS-Bench-101, validation accuracy.
    Nb101Validation,
    /// The same rows, test accuracy. The one-shot values of the authors are for the test accuracy.
    Nb101Test,
    /// The 6,466 representatives of NAS-Bench-201, mean accuracy of their groups.
    Nb201,
    /// The 5,896 rows of NAS-Bench-301.
    Nb301All,
    /// The 5,468 distinct architectures of NAS-Bench-301.
    Nb301Distinct,
    /// The 5,000 rows of the `ResNet` space.
    NdsResnet,
    /// The 5,000 rows of the `ResNeXt-A` space.
    NdsResnextA,
}

impl Source {
    /// The carried spec that names the files.
    const fn spec(self) -> &'static str {
        match self {
            Self::Nb101Validation | Self::Nb101Test => "real-nb101-published",
            Self::Nb201 => "nb201-real",
            Self::Nb301All | Self::Nb301Distinct => "real-nb301-published",
            Self::NdsResnet => "nds_resnet-real",
            Self::NdsResnextA => "real-nds_resnext_a-published",
        }
    }

    /// Sets the options of the truth that belong to this source.
    fn settle(self, truth: &mut Truth) {
        match (self, truth) {
            (Self::Nb101Validation, Truth::Nb101(choice)) => choice.accuracy = Nb101Accuracy::Validation,
            (Self::Nb101Test, Truth::Nb101(choice)) => choice.accuracy = Nb101Accuracy::Test,
            (Self::Nb301All, Truth::Nb301(choice)) => {
                (choice.rows, choice.precision) = (Nb301Rows::All, Nb301Precision::Full);
            }
            (Self::Nb301Distinct, Truth::Nb301(choice)) => {
                (choice.rows, choice.precision) = (Nb301Rows::UniqueLast, Nb301Precision::Full);
            }
            _ => {}
        }
    }
}

/// All available data. Each file is read once, when a claim needs it for the first time.
#[derive(Debug)]
pub struct Evidence {
    root: Option<DataRoot>,
    store: Option<Store>,
    tables: RefCell<BTreeMap<Source, Rc<Scored>>>,
}

impl Evidence {
    /// The data of a data root, and the records of a store.
    pub fn new(root: Option<DataRoot>, store: Option<Store>) -> Self {
        Self { root, store, tables: RefCell::default() }
    }

    /// A truth table with its published scores and its costs: `params`, `flops` and `relu_count` in every space, and further costs in some.
    pub(super) fn table(&self, source: Source) -> Result<Rc<Scored>, Trouble> {
        if let Some(known) = self.tables.borrow().get(&source) {
            return Ok(known.clone());
        }
        let resolved = resolved(source.spec())?;
        let mut spec = resolved.spec.clone();
        source.settle(&mut spec.truth);
        spec.panels.retain(|name, _| name == "all");
        if let Some(panel) = spec.panels.get_mut("all") {
            panel.votes.clear();
        }
        let inputs = Inputs::load(&spec, self.root.as_ref(), &Silent)?;
        let mut scored = Scored::default();
        (scored.architectures, scored.truth) = inputs.truth.iter().copied().unzip();
        scored.columns = costs(&spec, &scored.architectures)?;
        for panel in &inputs.panels {
            for (estimator, checkpoint, scores) in scores_of_files(&resolved, panel)? {
                scored.columns.push(Column { estimator, variant: None, checkpoint, scores });
            }
        }
        let scored = Rc::new(scored);
        self.tables.borrow_mut().insert(source, scored.clone());
        Ok(scored)
    }

    /// The criteria that the authors computed.
    pub(super) fn authors(&self) -> Result<serde_json::Value, Trouble> {
        let (path, sha256) = AUTHORS;
        let file = DataFile { path: path.to_owned(), sha256: sha256.to_owned() };
        let root = self.root.as_ref().ok_or_else(|| ExperimentError::NoDataRoot { file: file.path.clone() })?;
        let bytes = root.read_verified(&file.path, &file.sha256).map_err(ExperimentError::Data)?;
        serde_json::from_slice(&bytes).map_err(|_| Trouble::Missing(format!("{path} is not JSON")))
    }

    /// The finished record of a carried spec.
    pub(super) fn record(&self, spec: &str) -> Result<Record, Trouble> {
        let resolved = resolved(spec)?;
        let store = self.store.as_ref().map_or(Path::new(Store::DEFAULT), Store::root);
        let run = command(store, &format!("run {spec}"));
        for class in [DeviceClass::Cpu, DeviceClass::Cuda] {
            let id = RecordId::new(&resolved.hash, class);
            match self.store.as_ref().map(|store| store.record(&id)) {
                Some(Ok(Some(record))) => return Ok(record),
                Some(Err(error)) => return Err(Trouble::Missing(format!("{error} (`{run}`)"))),
                Some(Ok(None)) | None => {}
            }
        }
        Err(Trouble::Missing(format!("the store has no record of {spec}: `{run}` makes it")))
    }

    /// A panel of the finished record of a carried spec.
    pub(super) fn panel(&self, spec: &str, panel: &str) -> Result<Scored, Trouble> {
        of_record(&self.record(spec)?, panel)
    }
}

/// A panel of a record.
fn of_record(record: &Record, panel: &str) -> Result<Scored, Trouble> {
    let absent = || Trouble::Missing(format!("the record of {} has no panel {panel} with a truth", record.name));
    let found = record.panels.iter().find(|found| found.name == panel).ok_or_else(absent)?;
    let space: SpaceId = record.space.parse().map_err(|_| absent())?;
    let mut scored = Scored::default();
    for row in &found.architectures {
        let architecture = Architecture::parse(space, &row.architecture).map_err(ExperimentError::Architecture)?;
        scored.architectures.push(architecture);
        scored.truth.push(row.truth.ok_or_else(absent)?);
    }
    let column = |estimator: &crate::store::record::EstimatorRecord| Column {
        estimator: estimator.id.clone(),
        variant: estimator.variant.clone(),
        checkpoint: estimator.checkpoint.clone(),
        scores: estimator.oriented(),
    };
    scored.columns = found.estimators.iter().map(column).collect();
    Ok(scored)
}

/// A carried spec.
fn resolved(name: &str) -> Result<Resolved, Trouble> {
    find_carried(name).map_err(|error| Trouble::Missing(error.to_string()))
}

/// The costs of the networks, and other numbers that need no scores.
fn costs(spec: &Spec, architectures: &[Architecture]) -> Result<Vec<Column>, Trouble> {
    let skeleton = spec.zero_shot.network.skeleton_for(spec.space, spec.zero_shot.form, &spec.images);
    let census = architectures.iter().map(|architecture| architecture.census(&skeleton)).collect::<Result<Vec<_>, _>>();
    let census = census.map_err(ExperimentError::Skeleton)?;
    let of = |name: &str, cost: fn(&Census) -> u64| {
        Column::plain(name, census.iter().map(|census| cost(census) as f64).collect())
    };
    let mut columns = vec![
        of("params", |census| census.params),
        of("flops", |census| census.flops),
        of("relu_count", |census| census.relu_calls),
    ];
    let mut add = |name: &str, cost: fn(Architecture) -> Option<u64>| {
        let values: Option<Vec<f64>> = architectures.iter().map(|&of| Some(cost(of)? as f64)).collect();
        columns.extend(values.map(|values| Column::plain(name, values)));
    };
    add("table_params", |architecture| match architecture {
        Architecture::Nb101(cell) => Some(cell.table_cost().params),
        _ => None,
    });
    add("table_flops", |architecture| match architecture {
        Architecture::Nb101(cell) => Some(cell.table_cost().flops),
        Architecture::Nb301(cells) => Some(cells.table_flops(&nb301::Skeleton::SUPERNET)),
        Architecture::NdsResnet(network) => Some(network.census(&nds::Skeleton::STAND_ALONE).table_flops()),
        Architecture::NdsResnextA(network) => Some(network.census(&nds::Skeleton::STAND_ALONE).table_flops()),
        Architecture::Nb201(_) | Architecture::Table(_) => None,
    });
    add("depth", |architecture| match architecture {
        Architecture::NdsResnet(network) => Some(network.depth() as u64),
        Architecture::NdsResnextA(network) => Some(network.depth() as u64),
        _ => None,
    });
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataRootError;

    #[test]
    fn a_source_chooses_accuracy_rows_and_precision() {
        // From another choice than the wanted one, so that none is right by chance.
        let settled = |source: Source, rows: Nb301Rows| {
            let mut truth = resolved(source.spec()).unwrap().spec.truth;
            match &mut truth {
                Truth::Nb101(choice) => choice.accuracy = Nb101Accuracy::Train,
                Truth::Nb301(choice) => (choice.rows, choice.precision) = (rows, Nb301Precision::Sparse),
                _ => {}
            }
            source.settle(&mut truth);
            truth
        };
        let (all, last) = (Nb301Rows::All, Nb301Rows::UniqueLast);
        for (source, expected) in
            [(Source::Nb101Validation, Nb101Accuracy::Validation), (Source::Nb101Test, Nb101Accuracy::Test)]
        {
            let Truth::Nb101(choice) = settled(source, all) else { panic!("{source:?} is of another space") };
            assert_eq!(choice.accuracy, expected, "{source:?}");
        }
        for (source, other, expected) in [(Source::Nb301All, last, all), (Source::Nb301Distinct, all, last)] {
            let Truth::Nb301(choice) = settled(source, other) else { panic!("{source:?} is of another space") };
            assert_eq!((choice.rows, choice.precision), (expected, Nb301Precision::Full), "{source:?}");
        }
        for (source, space) in [
            (Source::Nb201, SpaceId::Nb201),
            (Source::NdsResnet, SpaceId::NdsResnet),
            (Source::NdsResnextA, SpaceId::NdsResnextA),
        ] {
            assert!(settled(source, all).fits(space), "{source:?}");
        }
    }

    #[test]
    fn costs_of_a_table_are_those_of_its_networks() {
        let found = |source: Source, text: &str| {
            let spec = resolved(source.spec()).unwrap().spec;
            let architecture = Architecture::parse(spec.space, text).unwrap();
            let columns = costs(&spec, &[architecture, architecture]).unwrap();
            assert!(columns.iter().all(|column| column.scores.len() == 2 && column.scores[0] == column.scores[1]));
            let skeleton = spec.zero_shot.network.skeleton_for(spec.space, spec.zero_shot.form, &spec.images);
            let census = architecture.census(&skeleton).unwrap();
            let whole = [("params", census.params), ("flops", census.flops), ("relu_count", census.relu_calls)];
            let found: Vec<(String, f64)> =
                columns.into_iter().map(|column| (column.estimator, column.scores[0])).collect();
            for ((name, cost), (expected, count)) in found.iter().zip(whole) {
                assert_eq!((name.as_str(), *cost), (expected, count as f64), "{source:?}");
            }
            found[3..].to_vec()
        };
        let more = |all: &[(&str, u64)]| -> Vec<(String, f64)> {
            all.iter().map(|(name, cost)| ((*name).to_owned(), *cost as f64)).collect()
        };
        assert!(found(Source::Nb201, "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|").is_empty());
        let cell = crate::space::nb101::Subset::Paper.architectures().next().unwrap();
        let cost = cell.table_cost();
        assert_eq!(
            found(Source::Nb101Test, &cell.to_string()),
            more(&[("table_params", cost.params), ("table_flops", cost.flops)])
        );
        let cells = nb301::Architecture::sample(&mut crate::seed::Seed::root(1).stream());
        let flops = cells.table_flops(&nb301::Skeleton::SUPERNET);
        assert_eq!(found(Source::Nb301All, &cells.to_string()), more(&[("table_flops", flops)]));
        let (resnet, resnext_a) = ("d1,2,8 w16,64,256", "d4,2,1 w16,64,256 r0.25,0.5,1 g2,1,4");
        let flops = |census: nds::Census| census.table_flops();
        let network: nds::resnet::Architecture = resnet.parse().unwrap();
        let expected = flops(network.census(&nds::Skeleton::STAND_ALONE));
        assert_eq!(found(Source::NdsResnet, resnet), more(&[("table_flops", expected), ("depth", 11)]));
        let network: nds::resnext_a::Architecture = resnext_a.parse().unwrap();
        let expected = flops(network.census(&nds::Skeleton::STAND_ALONE));
        assert_eq!(found(Source::NdsResnextA, resnext_a), more(&[("table_flops", expected), ("depth", 7)]));
    }

    #[test]
    fn what_is_missing_is_told_from_what_is_damaged() {
        let missing = |trouble| matches!(trouble, Err(Trouble::Missing(_)));
        let nowhere = Evidence::new(None, None);
        assert!(missing(nowhere.table(Source::Nb301All).map(drop)) && missing(nowhere.authors().map(drop)));
        assert!(missing(nowhere.record("real-nb201-zeroshot").map(drop)));
        let folder = tempfile::tempdir().unwrap();
        let empty = Evidence::new(Some(DataRoot::new(folder.path())), Some(Store::open(folder.path()).unwrap()));
        assert!(missing(empty.table(Source::Nb201).map(drop)) && missing(empty.record("nb201-micro").map(drop)));
        std::fs::create_dir(folder.path().join("truth")).unwrap();
        std::fs::create_dir(folder.path().join("truth/nb201")).unwrap();
        std::fs::write(folder.path().join("truth/nb201/cifar10-test-200-v1.0-mean.csv"), "damaged").unwrap();
        let damaged = empty.table(Source::Nb201);
        assert!(
            matches!(damaged, Err(Trouble::Failed(ExperimentError::Data(DataRootError::Digest { .. })))),
            "{damaged:?}"
        );
    }
}
