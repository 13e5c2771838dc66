//! Computes what the numbers of a panel are worth.

use nas_assay_criteria::bootstrap::{FEWEST, panel_seed};
use nas_assay_criteria::ceiling::{self, TOPS, in_tops, top_rows};
use nas_assay_criteria::rank::average_ranks;
use nas_assay_criteria::{Ceiling, Comparison, CriteriaConfig, Criterion, PairCounts, Resamples, evaluate};
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{ArchitectureRow, ComparisonRecord, PanelRecord, Record};
use nas_assay_schema::truth::runs::{NoRuns, Runs};
use nas_assay_spaces::{Architecture, Liveness, SpaceId, Structure};

use super::detail::Common;
use super::{Dead, KnownCeiling, PanelWorth, StructureWorth, WorthRow};
use crate::checkpoints::latest;
use crate::panel_summary::{ENDS, End};
use crate::true_values::TrueValues;

/// Scores that rank, higher is better.
struct Ranked {
    name: String,
    scores: Vec<f64>,
    is_baseline: bool,
    /// Whether it is of the last checkpoint, if it is of one. Only those are compared.
    is_last: bool,
    resamples: Option<Resamples>,
    is_structure: bool,
    /// Of a structural baseline: the baseline before it with the same ranking.
    ranks_as: Option<String>,
}

impl Ranked {
    /// Whether it is a structural baseline that ranks as no other baseline does.
    fn is_own(&self) -> bool {
        self.is_structure && self.ranks_as.is_none()
    }
}

impl PanelWorth {
    pub(super) fn of(record: &Record, panel: &PanelRecord, runs: Result<&Runs, &NoRuns>) -> Option<Self> {
        let values = TrueValues::of(record);
        let truth = values.goodness(&panel.truth()?);
        if truth.len() < FEWEST {
            return None;
        }
        let space: Option<SpaceId> = record.space.parse().ok();
        let parse = |row: &ArchitectureRow| Architecture::parse(space?, &row.architecture).ok();
        let architectures: Option<Vec<Architecture>> = panel.architectures.iter().map(parse).collect();
        let tops: Vec<f64> = TOPS.into_iter().filter(|&top| top_rows(&truth, top).len() >= FEWEST).collect();
        let ceiling = ceiling(space, panel, values, runs, &tops);
        let config: Option<CriteriaConfig> =
            record.spec.pointer("/spec/criteria").and_then(|value| serde_json::from_value(value.clone()).ok());
        let resamples = config.unwrap_or_default().resamples;
        let ranked = ranked(panel, space, architectures.as_deref(), &truth, resamples);
        let liveness: Option<Vec<Liveness>> =
            architectures.and_then(|all| all.into_iter().map(Architecture::liveness).collect());
        let kept = |is_kept: fn(&Liveness) -> bool| {
            let all = liveness.iter().flatten().enumerate();
            all.filter(|(_, found)| is_kept(found)).map(|(row, _)| row).collect::<Vec<usize>>()
        };
        let (whole, trained) = (kept(|found| found.dead == 0), kept(|found| found.convolutions > 0));
        let dead = liveness.as_ref().map(|all| Dead {
            with_dead_operations: all.len() - whole.len(),
            without_output: all.iter().filter(|found| !found.has_output).count(),
            without_convolution: all.len() - trained.len(),
        });
        let common = Common::new(panel, &truth, values.is_accuracy());
        let row = |of: &Ranked| {
            let found = in_tops(&truth, &of.scores, &tops);
            let share = |at: &nas_assay_criteria::InTop| ceiling::share(at.tau_b?, ceiling.attainable(at.fraction)?);
            WorthRow {
                name: of.name.clone(),
                structure: of.is_structure.then(|| {
                    let config = CriteriaConfig { resamples: 0, ..CriteriaConfig::default() };
                    let criteria = evaluate(&truth, &of.scores, &config, panel_seed()).ok();
                    let value = |criterion| criteria.as_ref().and_then(|criteria| criteria.get(criterion));
                    StructureWorth {
                        version: space.map_or(1, SpaceId::version),
                        interval: of.resamples.as_ref().and_then(|resamples| resamples.tau_b().ok()),
                        spearman: value(Criterion::Spearman),
                        ends: ENDS.map(|criterion| End { criterion, value: value(criterion) }).to_vec(),
                        ranks_as: of.ranks_as.clone(),
                    }
                }),
                shares: found.iter().map(share).collect(),
                tops: found,
                without_dead_operations: tau_on(&whole, &truth, &of.scores),
                with_live_convolutions: tau_on(&trained, &truth, &of.scores),
                detail: (of.is_last && of.ranks_as.is_none()).then(|| common.detail(&of.scores)),
            }
        };
        Some(Self {
            panel: panel.name.clone(),
            architectures: truth.len(),
            rows: ranked.iter().map(row).collect(),
            comparisons: comparisons(&ranked),
            tops,
            ceiling,
            dead,
        })
    }
}

impl KnownCeiling {
    /// What another training reaches in this top of the truth.
    pub fn attainable(&self, fraction: f64) -> Option<f64> {
        match self {
            Self::Known { truth_is_mean, ceiling, .. } => ceiling.attainable(fraction, *truth_is_mean),
            Self::Unknown(_) => None,
        }
    }
}

/// The ceiling from the architectures of the panel that have all runs. Fewer than [`FEWEST`] say nothing.
fn ceiling(
    space: Option<SpaceId>,
    panel: &PanelRecord,
    values: TrueValues<'_>,
    runs: Result<&Runs, &NoRuns>,
    tops: &[f64],
) -> KnownCeiling {
    let runs = match runs {
        Ok(runs) => runs,
        Err(why) => return KnownCeiling::Unknown(why.to_string()),
    };
    let of = |row: &ArchitectureRow| {
        let owner = row.truth_of.as_ref().unwrap_or(&row.architecture);
        runs.of(Architecture::parse(space?, owner).ok()?)
    };
    let known: Vec<&[f64]> = panel.architectures.iter().filter_map(of).collect();
    let by_run = (0..runs.names().len()).map(|run| {
        let run: Vec<f64> = known.iter().map(|values| values[run]).collect();
        values.goodness(&run)
    });
    let found = Ceiling::new(&by_run.collect::<Vec<_>>(), tops).filter(|ceiling| ceiling.rows >= FEWEST);
    match found {
        Some(ceiling) => KnownCeiling::Known { runs: runs.names().to_vec(), truth_is_mean: runs.is_mean(), ceiling },
        None => KnownCeiling::Unknown(format!(
            "{} of {} architectures have all runs",
            nas_assay_base::text::grouped(known.len() as u64),
            nas_assay_base::text::grouped(panel.architectures.len() as u64)
        )),
    }
}

/// The estimators of a panel, then the structural baselines of its space.
fn ranked(
    panel: &PanelRecord,
    space: Option<SpaceId>,
    architectures: Option<&[Architecture]>,
    truth: &[f64],
    resamples: usize,
) -> Vec<Ranked> {
    let last = latest(&panel.estimators);
    let mut all: Vec<Ranked> = Vec::new();
    for (place, estimator) in panel.estimators.iter().enumerate() {
        let scores = estimator.oriented();
        all.push(Ranked {
            name: estimator.label(),
            scores,
            is_last: last.contains(&place),
            resamples: None,
            is_baseline: estimator.kind == EstimatorKind::Baseline,
            is_structure: false,
            ranks_as: None,
        });
    }
    for &structure in space.map_or(&[][..], Structure::of) {
        let count = |&architecture: &Architecture| {
            let count = structure.count(architecture)? as f64;
            Some(if structure.is_lower_better() { -count } else { count })
        };
        let Some(scores) = architectures.and_then(|all| all.iter().map(count).collect::<Option<Vec<f64>>>()) else {
            continue;
        };
        let ranks = average_ranks(&scores);
        let same = all.iter().find(|of| of.is_baseline && average_ranks(&of.scores) == ranks);
        all.push(Ranked {
            name: structure.name().to_owned(),
            is_structure: true,
            ranks_as: same.map(|of| of.name.clone()),
            scores,
            is_baseline: true,
            is_last: true,
            resamples: None,
        });
    }
    // Without a structural baseline of its own ranking nothing is compared.
    let is_compared = all.iter().any(Ranked::is_own);
    for of in all.iter_mut().filter(|of| of.is_last && (is_compared || of.is_structure)) {
        of.resamples = Some(Resamples::new(truth, &of.scores, resamples, panel_seed()));
    }
    all
}

/// Every estimator with every structural baseline that ranks as no other baseline does, and these with the baselines of the record.
fn comparisons(ranked: &[Ranked]) -> Vec<ComparisonRecord> {
    let test = |of: &Ranked, with: &Ranked| {
        let outcome = Comparison::new(of.resamples.as_ref()?, with.resamples.as_ref()?);
        Some(ComparisonRecord { estimator: of.name.clone(), with: with.name.clone(), outcome })
    };
    let mut found = Vec::new();
    for of in ranked.iter().filter(|of| !of.is_structure) {
        found.extend(ranked.iter().filter(|of| of.is_own()).filter_map(|with| test(of, with)));
    }
    for of in ranked.iter().filter(|of| of.is_own()) {
        let baselines = ranked.iter().filter(|with| with.is_baseline && !with.is_structure);
        found.extend(baselines.filter_map(|with| test(of, with)));
    }
    found
}

/// Tau-b over some rows; `None` for fewer than [`FEWEST`].
fn tau_on(rows: &[usize], truth: &[f64], scores: &[f64]) -> Option<f64> {
    let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
    (rows.len() >= FEWEST).then(|| PairCounts::new(&pick(truth), &pick(scores)).tau_b()).flatten()
}
