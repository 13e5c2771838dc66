//! Tables of other papers, read from `registry.toml`: what is printed for whom, of which architectures, by which truth and protocol.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::criteria::Criterion;
use crate::fingerprint::Population;
use crate::space::SpaceId;
use crate::spec::Input;

/// A table of a paper.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Where it was printed, and what is said of all of it.
    pub source: String,
    /// How it was read, and what was verified.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for those who read the file"))]
    pub checked: String,
    /// The search space.
    pub space: SpaceId,
    /// The data sets of its columns.
    pub sets: Vec<String>,
    /// What is ranked; `None` if it is `other`.
    population: Option<String>,
    /// How many architectures were drawn from the population at random; `None` if all are ranked.
    pub drawn: Option<usize>,
    /// What is ranked, in words, if nothing here can be compared with it.
    pub other: Option<String>,
    /// The kind of accuracy of each data set: `test`, `half-test`; empty if the source does not say.
    pub truth: Vec<String>,
    /// Which edges #Params and #FLOPs count.
    pub edges: Option<Edges>,
    /// Whether #FLOPs count pooling, for each data set.
    pub pooling: Option<Vec<bool>>,
    /// Images in a batch.
    pub batch: Option<usize>,
    /// What networks see.
    pub input: Option<Input>,
    #[serde(default)]
    tau_b: BTreeMap<String, Vec<f64>>,
    #[serde(default)]
    spearman: BTreeMap<String, Vec<f64>>,
}

/// Which edges of a cell are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Edges {
    /// All that are written down.
    Written,
    /// Those that are executed.
    Live,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    table: Vec<Table>,
}

static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    // The tests read it; a program whose own file is damaged has no such values.
    let file: Option<File> = toml::from_str(include_str!("registry.toml")).ok();
    file.map(|file| file.table).unwrap_or_default()
});

/// Every table.
pub(crate) fn tables() -> &'static [Table] {
    &TABLES
}

impl Table {
    /// The population that is ranked.
    pub fn population(&self) -> Option<Population> {
        let name = self.population.as_deref()?;
        Population::ALL.into_iter().find(|population| population.name() == name)
    }

    /// What is printed for an estimator on the data set with this place: criteria and values.
    pub fn of(&self, estimator: &str, set: usize) -> impl Iterator<Item = (Criterion, f64)> {
        let rows = [(Criterion::TauB, &self.tau_b), (Criterion::Spearman, &self.spearman)];
        let value = move |values: &BTreeMap<String, Vec<f64>>| {
            values.get(estimator)?.get(set).copied().filter(|value| !value.is_nan())
        };
        let found = rows.map(|(criterion, values)| Some((criterion, value(values)?)));
        found.into_iter().flatten()
    }

    /// Every estimator with its values.
    fn rows(&self) -> impl Iterator<Item = (&String, &Vec<f64>)> {
        self.tau_b.iter().chain(&self.spearman)
    }

    /// How far rounding may have moved a value: a table with two decimals has no third one anywhere.
    pub fn rounding(&self) -> f64 {
        let has_third = |value: &f64| value.is_finite() && (value * 100.0 - (value * 100.0).round()).abs() > 1e-6;
        if self.rows().any(|(_, values)| values.iter().any(has_third)) { 0.0005 } else { 0.005 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataRoot;
    use crate::fingerprint::{Candidate, Count, Fingerprint, Images, Printed, SetFit, Truths, Verdict};
    use crate::spec::{Nb201Accuracy, Nb201Runs, Nb201Set};

    #[test]
    fn every_table_is_whole() {
        let file: File = toml::from_str(include_str!("registry.toml")).unwrap();
        assert_eq!((file.table.len(), tables().len()), (file.table.len(), file.table.len()));
        assert!(file.table.len() > 15);
        for table in &file.table {
            let at = &table.source;
            let sets = table.sets.len();
            assert!(!at.is_empty() && !table.checked.is_empty() && sets > 0, "{at}");
            assert_eq!(table.population.is_some(), table.population().is_some(), "{at}");
            assert_ne!(table.population.is_some(), table.other.is_some(), "{at}");
            assert!(table.drawn.is_none() || table.population.is_some(), "{at}");
            assert_eq!(table.truth.len(), sets, "{at}");
            assert!(table.truth.iter().all(|truth| ["", "test", "half-test", "validation"].contains(&truth.as_str())));
            assert!(table.pooling.as_ref().is_none_or(|pooling| pooling.len() == sets), "{at}");
            let is_measured = matches!(table.space, SpaceId::Table(_));
            let counts = |name: &str| !is_measured && table.rows().any(|(estimator, _)| estimator == name);
            assert!(table.edges.is_some() || table.other.is_some() || !counts("params") && !counts("flops"), "{at}");
            assert!(table.pooling.is_some() || table.other.is_some() || !counts("flops"), "{at}");
            for (estimator, values) in table.rows() {
                assert_eq!(values.len(), sets, "{at}: {estimator}");
                assert!(values.iter().any(|value| !value.is_nan()), "{at}: {estimator}");
                assert!(values.iter().all(|value| value.is_nan() || value.abs() < 1.0), "{at}: {estimator}");
                // Where both are printed, rho is further from zero.
                let pair = table.tau_b.get(estimator).zip(table.spearman.get(estimator));
                let further = |(tau, rho): (&f64, &f64)| tau.is_nan() || rho.is_nan() || rho.abs() >= tau.abs() - 0.01;
                assert!(pair.is_none_or(|(tau, rho)| tau.iter().zip(rho).all(further)), "{at}: {estimator}");
            }
        }
    }

    /// The core of the registry, typed on its own: estimator; tau-b of AZ-NAS; tau-b and rho of VKDNW; tau-b of APD.
    const TYPED: &str = "
        params .578/.552/.520 - - .576/.552/.519
        flops .578/.551/.517 .623/.586/.545 .799/.763/.718 .541/.517/.517
        grad_norm .357/.350/.304 .328/.341/.310 .438/.451/.418 -
        grasp .318/.315/.282 .352/.349/.359 .505/.498/.502 .318/.329/.282
        snip .454/.451/.400 .431/.440/.389 .591/.597/.521 .455/.461/.409
        synflow .571/.565/.555 .561/.553/.531 .758/.750/.719 .571/.562/.553
        jacob_cov - .616/.639/.602 .800/.820/.779 -
        relu_logdet .557/.579/.573 .571/.607/.605 .762/.799/.794 .557/.579/.573
        zen .296/.283/.303 .102/.079/.091 .103/.072/.109 .283/.245/.260
        gradsign_mean .618/.594/.575 - .765/.793/.783 -
        te_nas .536/.535/.492 .536/.537/.523 .722/.723/.709 -
        zico .589/.590/.584 .607/.614/.587 .802/.809/.779 .589/.620/.614
        az_nas .741/.723/.710 .712/.696/.673 .892/.880/.859 .741/.723/.710
        vkdnw - .618/.634/.622 .815/.829/.814 -
        vkdnw_agg - .750/.753/.743 .919/.919/.906 -
        swap - - - .634/.649/.610
        apd - - - .635/.654/.633";

    #[test]
    fn values_were_typed_twice_to_the_same() {
        let columns = [("AZ-NAS", true), ("VKDNW", true), ("VKDNW", false), ("APD", true)];
        let mut counts = [0; 4];
        for line in TYPED.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split(' ').collect();
            for (place, (source, is_tau)) in columns.into_iter().enumerate() {
                let of = |table: &&Table| table.space == SpaceId::Nb201 && table.source.starts_with(source);
                let table = tables().iter().find(of).unwrap();
                let rows = if is_tau { &table.tau_b } else { &table.spearman };
                let typed: Vec<f64> = words[place + 1].split('/').filter_map(|value| value.parse().ok()).collect();
                assert_eq!(rows.get(words[0]).cloned().unwrap_or_default(), typed, "{source}: {line}");
                counts[place] += usize::from(!typed.is_empty());
                assert!(place < 3 || counts[3] <= rows.len());
            }
        }
        assert_eq!(counts, [12, 13, 14, 11]);
    }

    /// The rows of #Params and #FLOPs say of which population, truth and way of counting a table is.
    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn what_is_said_of_a_table_is_what_its_fingerprint_says() {
        let root = DataRoot::new(nas_assay_testing::data_root());
        let mut truths = Truths::read(&root, &Images::ALL).unwrap();
        // The means over NATS-Bench's seeds, as another implementation carries them.
        for (file, set) in [
            ("cifar10", Nb201Set::Cifar10Test),
            ("cifar100", Nb201Set::Cifar100Test),
            ("ImageNet16-120", Nb201Set::Imagenet16Test),
        ] {
            let list = std::fs::read_to_string(root.folder().join(format!("freerea/{file}-accuracies.csv"))).unwrap();
            let values: Vec<f64> =
                list.lines().skip(1).map(|line| line.split_once(',').unwrap().1.parse().unwrap()).collect();
            truths.add(Nb201Accuracy { set, runs: Nb201Runs::NatsMean }, &values);
        }
        let mut checked = 0;
        for table in tables().iter().filter(|table| table.space == SpaceId::Nb201 && table.other.is_none()) {
            let cells = |count, name| {
                let of = move |(place, images)| {
                    let cell = move |(criterion, value)| Printed { images, count, criterion, value };
                    table.of(name, place).map(cell).collect::<Vec<_>>()
                };
                let places = table.sets.iter().enumerate().map(|(place, set)| (place, images(set)));
                places.flat_map(of).collect::<Vec<_>>()
            };
            let printed = [cells(Count::Params, "params"), cells(Count::Flops, "flops")].concat();
            if printed.is_empty() || table.drawn.is_some() {
                continue;
            }
            let found = Fingerprint::new(&printed, 3, None, &truths).together;
            assert_ne!(found.verdict, Verdict::NoneFits, "{}", table.source);
            // Of all that fits, one candidate is as the registry says; it is the first one where the verdict is clear.
            let is_said = |candidate: &&Candidate| {
                let is_set_said = |set: &SetFit| {
                    let place = table.sets.iter().position(|name| images(name) == set.images).unwrap();
                    let half = set.accuracy.set == Nb201Set::Cifar10HalfTest;
                    let pooling = table.pooling.as_ref().map(|pooling| pooling[place]);
                    (if half { "half-test" } else { "test" }) == table.truth[place]
                        && set.convention.live == (table.edges == Some(Edges::Live))
                        && (set.convention.pooling.is_none() || set.convention.pooling == pooling)
                };
                Some(candidate.population) == table.population() && candidate.sets.iter().all(is_set_said)
            };
            let said = found.candidates.iter().filter(|candidate| candidate.fits).find(is_said);
            assert!(said.is_some(), "{}: {:?}", table.source, found.candidates[0]);
            assert!(found.verdict != Verdict::Identified || is_said(&&found.candidates[0]), "{}", table.source);
            checked += 1;
        }
        assert_eq!(checked, 6);
    }

    fn images(set: &str) -> Images {
        match set {
            "cifar10" => Images::Cifar10,
            "cifar100" => Images::Cifar100,
            "imagenet16" => Images::Imagenet16,
            other => panic!("{other}"),
        }
    }
}
