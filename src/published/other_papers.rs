//! What is printed for the estimators of a record, and whether ours agrees: the figures of the record, and those of the [`registry`].
//!
//! A value can be compared if it is of the same architectures, or of a random sample of them, and of the same kind of truth. What is known
//! of batch, input, network and counting is the visible cause if the two differ.

use super::registry::{self, Edges, Table};
use crate::criteria::Criterion;
use crate::estimator::EstimatorKind;
use crate::fingerprint::{Population, WITHIN};
use crate::report::OtherPapers;
use crate::report::other_papers::{Agreement, Figure};
use crate::space::nb201::{Architecture, Skeleton};
use crate::space::{Form, Skeleton as AnySkeleton, SpaceId};
use crate::spec::{self, Input, Nb201Runs, Nb201Set, RowSet, Spec, Truth, WeightSource};
use crate::store::record::{EstimatorRecord, PanelRecord, Record};
use nas_assay_base::text::grouped;

/// All that is printed for the estimators of a record.
pub(crate) fn other_papers(record: &Record) -> OtherPapers {
    let Some(spec) = spec_of(record) else { return OtherPapers::default() };
    let mut figures = Vec::new();
    for panel in &record.panels {
        let ours = Ours::of(&spec, record, panel);
        for estimator in &panel.estimators {
            figures.extend(held(panel, estimator));
            figures.extend(ours.iter().flat_map(|ours| ours.registered(panel, estimator)));
        }
    }
    OtherPapers::new(record, figures)
}

/// The spec of a record; `None` if this version does not know its keys.
fn spec_of(record: &Record) -> Option<Spec> {
    /// Puts back what is no part of the hash.
    fn restore(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(fields) => {
                if fields.contains_key("sha256") {
                    fields.entry("path").or_insert_with(|| "".into());
                }
                fields.values_mut().for_each(restore);
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(restore),
            _ => {}
        }
    }
    let mut value = record.spec.get("spec")?.clone();
    restore(&mut value);
    value.as_object_mut()?.insert("name".to_owned(), record.name.clone().into());
    serde_json::from_value(value).ok()
}

/// The figures that the record has itself.
fn held(panel: &PanelRecord, estimator: &EstimatorRecord) -> Vec<Figure> {
    let ranks = |criterion| matches!(criterion, Criterion::TauB | Criterion::Spearman);
    let figures = estimator.published.iter().filter(|published| ranks(published.criterion));
    let figure = |published: &crate::store::record::Published| {
        let soft = match estimator.kind {
            EstimatorKind::OneShot => vec!["another training".to_owned()],
            _ => vec!["no visible cause".to_owned()],
        };
        judged(
            (panel, estimator),
            (published.criterion, published.value),
            WITHIN + 0.0005,
            published.differs.clone(),
            soft,
            &published.source,
        )
    };
    figures.map(figure).collect()
}

/// A printed value with its verdict. `hard` is why it cannot be compared, `soft` what else is known to be different.
fn judged(
    (panel, estimator): (&PanelRecord, &EstimatorRecord),
    (criterion, printed): (Criterion, f64),
    within: f64,
    hard: Vec<String>,
    soft: Vec<String>,
    source: &str,
) -> Figure {
    let ours = estimator.criteria.get(criterion);
    let (verdict, causes) = match ours {
        _ if !hard.is_empty() => (Agreement::Undecidable, hard),
        None => (Agreement::Undecidable, vec!["ours is undefined".to_owned()]),
        Some(ours) if (ours - printed).abs() <= within => (Agreement::Agrees, Vec::new()),
        Some(_) => (Agreement::Differs, soft),
    };
    Figure {
        panel: panel.name.clone(),
        estimator: estimator.label(),
        criterion,
        ours,
        printed,
        within,
        verdict,
        causes,
        source: source.to_owned(),
    }
}

/// What a panel of a record ranks.
struct Ours<'a> {
    spec: &'a Spec,
    /// The panel of the spec.
    panel: &'a spec::Panel,
    /// Its population, if it has all of one.
    population: Option<Population>,
    /// The population that it is drawn from, if it is drawn.
    drawn: Option<Population>,
    count: usize,
}

impl<'a> Ours<'a> {
    fn of(spec: &'a Spec, record: &Record, panel: &PanelRecord) -> Option<Self> {
        let declared = spec.panels.get(&panel.name)?;
        let (mut population, mut drawn) = (None, None);
        if spec.space == SpaceId::Nb201 {
            let members = panel.architectures.iter().map(|row| row.architecture.parse::<Architecture>().ok());
            population = members.collect::<Option<Vec<_>>>().and_then(|members| Population::of(&members));
            let rows = record.truth.as_ref().map(|truth| truth.rows);
            let whole = declared.architectures.is_none() && declared.without.is_none();
            if whole && declared.sample > 0 && population.is_none() {
                drawn = match &spec.truth {
                    Truth::Nb201(truth) if truth.rows == RowSet::Representatives => Some(Population::Representatives),
                    _ if rows == Some(Population::All.members().len()) => Some(Population::All),
                    _ => None,
                };
            }
        }
        if let SpaceId::Table(space) = spec.space {
            let whole = declared.architectures.is_none() && declared.without.is_none();
            let rows = record.truth.as_ref().map(|truth| truth.rows);
            if panel.architectures.len() == space.count() {
                population = Some(Population::All);
            } else if whole && declared.sample > 0 && rows == Some(space.count()) {
                drawn = Some(Population::All);
            }
        }
        Some(Self { spec, panel: declared, population, drawn, count: panel.architectures.len() })
    }

    /// What is printed in other papers for an estimator.
    fn registered(&self, panel: &PanelRecord, estimator: &EstimatorRecord) -> Vec<Figure> {
        let mut figures = Vec::new();
        for table in registry::tables().iter().filter(|table| table.space == self.spec.space) {
            let Some(set) = self.set(table) else { continue };
            for (criterion, printed) in table.of(&estimator.id, set) {
                let hard: Vec<String> = [self.truth(table, set), self.rows(table)].into_iter().flatten().collect();
                let spread = |drawn: Option<usize>| drawn.map_or(0.0, |drawn| deviation(criterion, drawn));
                let ours = self.drawn.map(|_| self.count);
                let within = WITHIN + table.rounding() + 2.0 * spread(ours).hypot(spread(table.drawn));
                let soft = self.protocol(table, set, estimator);
                figures.push(judged((panel, estimator), (criterion, printed), within, hard, soft, &table.source));
            }
        }
        figures
    }

    /// Which of a table's data sets is that of the truth; the first if the truth is of none of them. `None` if the table does not have it.
    fn set(&self, table: &Table) -> Option<usize> {
        if let (SpaceId::Table(_), Truth::Table(truth)) = (self.spec.space, &self.spec.truth) {
            let [column] = &truth.columns[..] else { return None };
            return table.sets.iter().position(|set| column.split('-').any(|word| word == set));
        }
        let Some(accuracy) = self.spec.truth.nb201_accuracy().filter(|_| self.spec.space == SpaceId::Nb201) else {
            return (!table.sets.is_empty()).then_some(0);
        };
        table.sets.iter().position(|set| set == accuracy.set.data_set())
    }

    /// How the truth differs.
    fn truth(&self, table: &Table, set: usize) -> Option<String> {
        let ours = match (&self.spec.truth, self.spec.truth.nb201_accuracy()) {
            (Truth::Trained(_), _) => {
                return Some("truth trained by this project instead of the benchmark's".to_owned());
            }
            (Truth::Table(ours), None) if matches!(self.spec.space, SpaceId::Table(_)) => {
                return measured(&ours.columns, &table.truth[set]);
            }
            (Truth::Table(table), None) => return Some(format!("measured {} instead of an accuracy", table.title())),
            (Truth::Nb201(_) | Truth::Table(_), Some(ours)) => ours,
            _ => return None,
        };
        let said = match ours.set {
            Nb201Set::Cifar10Test | Nb201Set::Cifar100Test | Nb201Set::Imagenet16Test => "test",
            Nb201Set::Cifar10HalfTest => "half-test",
            Nb201Set::Cifar10HalfValid => "half-valid",
            Nb201Set::Cifar100Valid | Nb201Set::Imagenet16Valid => "validation",
        };
        let theirs = match table.truth[set].as_str() {
            "" => return Some("a truth that the source does not name".to_owned()),
            "half-test" => "CIFAR-10 test accuracy (trained on half of the images)",
            "validation" => "validation accuracy",
            _ => "test accuracy after 200 epochs",
        };
        let is_short = matches!(ours.runs, Nb201Runs::TwelveEpochs(_));
        let is_class_mean =
            ours.runs == Nb201Runs::V10ClassMean && table.population() != Some(Population::Representatives);
        let same = said == table.truth[set] && !is_short && !is_class_mean;
        (!same).then(|| format!("{} instead of {theirs}", ours.words()))
    }

    /// How the architectures differ.
    fn rows(&self, table: &Table) -> Option<String> {
        let noun = if self.spec.space == SpaceId::Nb201 { "encodings" } else { "architectures" };
        if let SpaceId::Table(space) = self.spec.space {
            let all = (table.population() == Some(Population::All)).then(|| grouped(space.count() as u64));
            let theirs = match (all, table.drawn) {
                (Some(_), _) if self.population.or(self.drawn).is_some() => return None,
                (Some(_), Some(drawn)) => format!("{} drawn {noun}", grouped(drawn as u64)),
                (Some(all), None) => format!("all {all} {noun}"),
                (None, _) => table.other.clone().unwrap_or_else(|| "others".to_owned()),
            };
            let ours = format!("{} {noun}", grouped(self.count as u64));
            return Some(format!("{ours} instead of {theirs}"));
        }
        let ours = match (self.population, self.drawn) {
            (Some(population), _) => population.words(self.count),
            (None, Some(_)) => format!("{} drawn {noun}", grouped(self.count as u64)),
            (None, None) => format!("{} {noun}", grouped(self.count as u64)),
        };
        let Some(population) = table.population() else {
            return Some(format!("{ours} instead of {}", table.other.as_deref().unwrap_or("others")));
        };
        if self.population.or(self.drawn) == Some(population) {
            return None;
        }
        let theirs = match table.drawn {
            Some(drawn) => format!("{} drawn {noun}", grouped(drawn as u64)),
            None => population.words(population.members().len()),
        };
        Some(format!("{ours} instead of {theirs}"))
    }

    /// What else is known to be different, or not known.
    fn protocol(&self, table: &Table, set: usize, estimator: &EstimatorRecord) -> Vec<String> {
        if self.panel.scores.contains_key(&estimator.id) {
            return vec!["scores from a file, whose protocol is not known".to_owned()];
        }
        let causes = match estimator.kind {
            EstimatorKind::Baseline => self.counting(table, set, &estimator.id),
            EstimatorKind::ZeroShot => self.scoring(table, estimator),
            _ => Vec::new(),
        };
        if causes.is_empty() { vec!["no visible cause".to_owned()] } else { causes }
    }

    /// How #Params and #FLOPs differ.
    fn counting(&self, table: &Table, set: usize, estimator: &str) -> Vec<String> {
        let mut causes = Vec::new();
        // With dead operations, what is executed is less than what is written.
        if table.edges == Some(Edges::Written) && self.population != Some(Population::Reachable) {
            causes.push("only edges that are executed counted instead of all that are written".to_owned());
        }
        let pools = table.pooling.as_ref().is_some_and(|pooling| pooling[set]);
        if estimator == "flops" && pools {
            causes.push("pooling not counted instead of counted".to_owned());
        }
        causes
    }

    /// How batch, input and network differ.
    fn scoring(&self, table: &Table, estimator: &EstimatorRecord) -> Vec<String> {
        let arm = self.spec.arm(estimator.variant.as_deref());
        let Some(settings) = arm.map(|arm| arm.zero_shot) else { return Vec::new() };
        let mut causes = Vec::new();
        if let Some(batch) = table.batch.filter(|&batch| batch != settings.batch) {
            causes.push(format!("batches of {} instead of {batch}", settings.batch));
        }
        let input = |input| match input {
            Input::Images => "images",
            Input::Gaussian => "Gaussian noise",
            Input::Uniform => "uniform noise",
        };
        match table.input {
            Some(theirs) if theirs != settings.input => {
                causes.push(format!("{} instead of {}", input(settings.input), input(theirs)));
            }
            _ if settings.input == Input::Images && matches!(self.spec.images, spec::Images::Synthetic(_)) => {
                causes.push("synthetic images instead of CIFAR-10".to_owned());
            }
            _ => {}
        }
        if settings.form == Form::Supernet {
            causes.push("the network as a part of a supernet instead of alone".to_owned());
        }
        if settings.weights == WeightSource::Supernet {
            causes.push("trained weights instead of random ones".to_owned());
        }
        let size = settings.network.skeleton_for(self.spec.space, Form::StandAlone, &self.spec.images);
        let usual = Skeleton::default();
        if let AnySkeleton::Nb201(size) = size
            && (size.channels, size.cells) != (usual.channels, usual.cells)
        {
            let cells = if size.cells == 1 { "1 cell".to_owned() } else { format!("{} cells", size.cells) };
            causes.push(format!(
                "{} channels and {cells} a stage instead of {} and {}",
                size.channels, usual.channels, usual.cells
            ));
        }
        let means = settings.batches * settings.seeds.len();
        if means > 1 {
            causes.push(format!("the mean over {means} batches and initialisations"));
        }
        if table.batch.is_none() || table.input.is_none() {
            causes.push("batch or input that the source does not say".to_owned());
        }
        causes
    }
}

/// How a measured column differs from this kind of accuracy.
fn measured(columns: &[String], theirs: &str) -> Option<String> {
    let ours = columns.first().map(String::as_str).unwrap_or_default();
    match theirs {
        "" => Some("a truth that the source does not name".to_owned()),
        "validation" if ours.split('-').nth(1).is_some_and(|kind| kind.starts_with("valid_")) => None,
        "validation" => Some(format!("{ours} instead of validation accuracy")),
        _ => Some(format!("{ours} instead of {theirs} accuracy")),
    }
}

/// The standard deviation of a criterion over random samples of so many architectures, as measured on NAS-Bench-201: for tau-b .042 to .046
/// of 100, .031 of 200, .018 of 500 and .013 to .014 of 1,000; rho is about a sixth wider.
fn deviation(criterion: Criterion, drawn: usize) -> f64 {
    let of_one = if criterion == Criterion::Spearman { 0.5 } else { 0.43 };
    of_one / (drawn as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::find_carried;
    use crate::store::record::{ArchitectureRow, Published};

    /// A record of `nb201-real` whose spec has these changes, with one estimator on these architectures.
    fn record(id: &str, tau: f64, members: &[Architecture], change: impl Fn(&mut serde_json::Value)) -> Record {
        let mut record: Record = include!("../../crates/nas-assay-report/doc/record.rs");
        record.spec = serde_json::from_str(&find_carried("nb201-real").unwrap().canonical).unwrap();
        let spec = &mut record.spec["spec"];
        spec["truth"]["nb201"]["accuracy"] = "cifar10-test-200-nats-mean".into();
        spec["truth"]["nb201"]["rows"] = "all".into();
        spec["zero-shot"]["input"] = "gaussian".into();
        change(spec);
        record.truth.as_mut().unwrap().rows = Population::All.members().len();
        let panel = &mut record.panels[0];
        let row = |one: &Architecture| ArchitectureRow {
            architecture: one.to_string(),
            truth: Some(0.5),
            truth_of: None,
            params: None,
            flops: None,
            isomorphs: None,
        };
        panel.architectures = members.iter().map(row).collect();
        panel.estimators.truncate(1);
        let estimator = &mut panel.estimators[0];
        estimator.id = id.to_owned();
        estimator.kind =
            if ["params", "flops"].contains(&id) { EstimatorKind::Baseline } else { EstimatorKind::ZeroShot };
        estimator.criteria.kendall.tau_b = Some(tau);
        record
    }

    /// What is said of the value of a source: the verdict, and the causes.
    fn said(record: &Record, source: &str, printed: f64) -> (Agreement, Vec<String>) {
        let found = other_papers(record);
        let is_meant = |figure: &&Figure| figure.source.starts_with(source) && figure.printed == printed;
        let [figure] = found.figures.iter().filter(is_meant).collect::<Vec<_>>()[..] else {
            panic!("{source} {printed}: {found:?}")
        };
        (figure.verdict, figure.causes.clone())
    }

    const NOTHING: fn(&mut serde_json::Value) = |_| {};

    #[test]
    fn the_same_architectures_and_truth_are_compared_and_others_named() {
        use Agreement::{Agrees, Differs, Undecidable};
        let all = Population::All.members();
        let whole = record("synflow", 0.573, &all, NOTHING);
        assert_eq!(said(&whole, "AZ-NAS", 0.571), (Agrees, vec![]));
        let other = "all 15,625 encodings instead of the 9,445 encodings without unreachable operations";
        assert_eq!(said(&whole, "VKDNW", 0.561), (Undecidable, vec![other.to_owned()]));
        let summaries = other_papers(&whole).summaries("all");
        assert_eq!((summaries.len(), summaries[0].verdict), (1, Agrees));
        // Just inside, just outside of .0035.
        assert_eq!(said(&record("synflow", 0.5744, &all, NOTHING), "AZ-NAS", 0.571).0, Agrees);
        let off = record("synflow", 0.5746, &all, NOTHING);
        assert_eq!(said(&off, "AZ-NAS", 0.571), (Differs, vec!["no visible cause".to_owned()]));
        let reachable = record("synflow", 0.561, &Population::Reachable.members(), NOTHING);
        assert_eq!(said(&reachable, "VKDNW", 0.561), (Agrees, vec![]));
        let other = "the 9,445 encodings without unreachable operations instead of all 15,625 encodings";
        assert_eq!(said(&reachable, "AZ-NAS", 0.571), (Undecidable, vec![other.to_owned()]));
    }

    #[test]
    fn a_sample_may_be_as_far_off_as_samples_are() {
        use Agreement::{Agrees, Differs};
        let some = &Population::All.members()[..500];
        let drawn = |tau| record("synflow", tau, some, |spec| spec["panels"]["all"]["sample"] = 500.into());
        // .0035 and twice .43 / sqrt(500).
        assert_eq!(said(&drawn(0.571 + 0.0415), "AZ-NAS", 0.571).0, Agrees);
        assert_eq!(said(&drawn(0.571 + 0.0425), "AZ-NAS", 0.571).0, Differs);
        let named = record("synflow", 0.571, some, NOTHING);
        let ours = "500 encodings instead of all 15,625 encodings".to_owned();
        assert_eq!(said(&named, "AZ-NAS", 0.571), (Agreement::Undecidable, vec![ours]));
    }

    #[test]
    fn another_truth_is_named() {
        let all = Population::All.members();
        let of = |accuracy: &'static str| {
            record("synflow", 0.571, &all, move |spec| spec["truth"]["nb201"]["accuracy"] = accuracy.into())
        };
        let undecidable = |cause: &str| (Agreement::Undecidable, vec![cause.to_owned()]);
        assert_eq!(said(&of("cifar10-test-200-seed888"), "AZ-NAS", 0.571).0, Agreement::Agrees);
        assert_eq!(said(&of("cifar100-test-200-seed888"), "AZ-NAS", 0.565).0, Agreement::Differs);
        for (accuracy, ours) in [
            ("cifar10-test-12-seed111", "CIFAR-10 test accuracy after 12 epochs, seed 111"),
            ("cifar10-half-test-200-seed888", "CIFAR-10 test accuracy (trained on half of the images) of seed 888"),
            ("cifar10-test-200-v1.0-class-mean", "the mean CIFAR-10 test accuracy of each class"),
        ] {
            let expected = undecidable(&format!("{ours} instead of test accuracy after 200 epochs"));
            assert_eq!(said(&of(accuracy), "AZ-NAS", 0.571), expected);
        }
        let trained = record("synflow", 0.571, &all, |spec| {
            spec["truth"] = serde_json::json!({ "trained": { "table": "nb201-micro", "verify": 0 } });
        });
        let expected = undecidable("truth trained by this project instead of the benchmark's");
        assert_eq!(said(&trained, "AZ-NAS", 0.571), expected);
        // Which accuracy NASWOT's is by is not said, and it is of a sample.
        let nwot = record("relu_logdet", 0.574, &all, NOTHING);
        assert_eq!(said(&nwot, "Mellor", 0.574), undecidable("a truth that the source does not name"));
    }

    /// Of a space that is a table only, the task is found by the column, and a sample of all is compared with all.
    #[test]
    fn spaces_that_are_tables_have_tasks() {
        use Agreement::{Agrees, Differs, Undecidable};
        let of = |column: &'static str, rho: f64, rows: usize, sample: usize| {
            let mut record = record("synflow", 0.5, &Population::All.members()[..rows], move |spec| {
                spec["space"] = "tnb101_micro".into();
                spec["panels"]["all"]["sample"] = sample.into();
                spec["truth"] =
                    serde_json::json!({ "table": { "file": { "sha256": "0".repeat(64) }, "columns": [column] } });
            });
            record.truth.as_mut().unwrap().rows = 4_096;
            record.panels[0].estimators[0].criteria.spearman = Some(rho);
            record
        };
        let source = "Krishnakumar";
        let scene = "class_scene-valid_top1-last";
        // Two decimals, .003, and twice .5 / sqrt(1,000).
        assert_eq!(said(&of(scene, 0.72 + 0.039, 4_096, 0), source, 0.72).0, Agrees);
        assert_eq!(said(&of(scene, 0.72 + 0.040, 4_096, 0), source, 0.72).0, Differs);
        assert_eq!(said(&of("class_object-valid_top1-last", 0.48, 4_096, 0), source, 0.48).0, Agrees);
        let drawn = of(scene, 0.72 + 0.052, 1_000, 1_000);
        assert_eq!(said(&drawn, source, 0.72).0, Agrees);
        let some = vec!["1,000 architectures instead of 1,000 drawn architectures".to_owned()];
        assert_eq!(said(&of(scene, 0.72, 1_000, 0), source, 0.72), (Undecidable, some));
        let test = vec!["class_scene-test_top1-last instead of validation accuracy".to_owned()];
        assert_eq!(said(&of("class_scene-test_top1-last", 0.72, 4_096, 0), source, 0.72), (Undecidable, test));
        let sizes = of("bossnas-cifar10", 0.5, 4_096, 0);
        assert!(other_papers(&sizes).figures.is_empty(), "CIFAR-10 is no task of this space");
        let other = other_papers(&of("elsewhere-valid_top1-last", 0.72, 4_096, 0));
        assert!(other.figures.iter().all(|figure| !figure.source.starts_with(source)), "{other:?}");
    }

    #[test]
    fn what_is_known_of_the_protocol_is_the_visible_cause() {
        let all = Population::All.members();
        let differs =
            |causes: &[&str]| (Agreement::Differs, causes.iter().map(|cause| (*cause).to_owned()).collect::<Vec<_>>());
        let scored = record("synflow", 0.5, &all, |spec| {
            spec["zero-shot"]["batch"] = 32.into();
            spec["zero-shot"]["input"] = "images".into();
            spec["zero-shot"]["seeds"] = serde_json::json!([20, 21]);
            spec["zero-shot"]["network"] = serde_json::json!({ "channels": 8, "cells": 1 });
        });
        let causes = [
            "batches of 32 instead of 64",
            "images instead of Gaussian noise",
            "8 channels and 1 cell a stage instead of 16 and 5",
            "the mean over 2 batches and initialisations",
        ];
        assert_eq!(said(&scored, "AZ-NAS", 0.571), differs(&causes));
        let unsaid = [causes[2], causes[3], "batch or input that the source does not say"];
        assert_eq!(said(&scored, "APD", 0.571), differs(&unsaid));
        let form = record("synflow", 0.5, &all, |spec| spec["zero-shot"]["form"] = "supernet".into());
        assert_eq!(said(&form, "AZ-NAS", 0.571), differs(&["the network as a part of a supernet instead of alone"]));
        let edges = "only edges that are executed counted instead of all that are written";
        assert_eq!(said(&record("params", 0.654, &all, NOTHING), "AZ-NAS", 0.578), differs(&[edges]));
        let pooled = [edges, "pooling not counted instead of counted"];
        assert_eq!(said(&record("flops", 0.654, &all, NOTHING), "APD", 0.541), differs(&pooled));
        let reachable = record("params", 0.6, &Population::Reachable.members(), NOTHING);
        assert_eq!(said(&reachable, "recomputed from the scores of FreeREA", 0.623), differs(&["no visible cause"]));
        let file = record("synflow", 0.5, &all, |spec| {
            spec["panels"]["all"]["scores"] =
                serde_json::json!({ "synflow": { "file": { "sha256": "0".repeat(64) }, "column": "score" } });
        });
        assert_eq!(said(&file, "AZ-NAS", 0.571), differs(&["scores from a file, whose protocol is not known"]));
    }

    #[test]
    fn figures_of_the_record_have_a_verdict_too() {
        let mut of = record("synflow", 0.575, &Population::All.members(), NOTHING);
        let published = |value: f64, differs: &[&str]| Published {
            criterion: Criterion::TauB,
            value,
            source: format!("held {value}"),
            differs: differs.iter().map(|part| (*part).to_owned()).collect(),
        };
        of.panels[0].estimators[0].published =
            vec![published(0.574, &[]), published(0.6, &[]), published(0.57, &["other rows"])];
        assert_eq!(said(&of, "held 0.574", 0.574), (Agreement::Agrees, vec![]));
        assert_eq!(said(&of, "held 0.6", 0.6), (Agreement::Differs, vec!["no visible cause".to_owned()]));
        assert_eq!(said(&of, "held 0.57", 0.57), (Agreement::Undecidable, vec!["other rows".to_owned()]));
        // A record of which this version knows no spec has nothing beside it.
        of.spec = serde_json::json!({ "spec": { "space": "another" } });
        assert!(other_papers(&of).figures.is_empty());
    }

    /// Every carried spec can be read again from what its record keeps.
    #[test]
    fn specs_are_read_again_from_their_records() {
        for (name, _) in crate::carried::SPECS {
            let resolved = find_carried(name).unwrap();
            let mut record = record("params", 0.5, &[], NOTHING);
            record.name = (*name).to_owned();
            record.spec = serde_json::from_str(&resolved.canonical).unwrap();
            let spec = spec_of(&record).unwrap();
            assert_eq!(spec.panels.len(), resolved.spec.panels.len(), "{name}");
        }
    }
}
