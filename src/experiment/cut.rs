//! How a plan is cut into parts of nearly equal cost: a pure function of the plan.
//!
//! A training is done by one part. Scores are cut by architectures: every stage of a group ([`Group`]) has the same architectures in the same
//! part, since they read the same networks. The unit with the highest estimated cost goes first, each to the part with the least so far; the
//! order among equal costs is that of a hash of the stage and the architecture. So the slowest part is above the mean by no more than the cost
//! of one unit. Training and scores are cut each for itself, since scores wait for supernets. What needs no network, such as counts and
//! votes, is left to whoever makes the record.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use nas_assay_base::sha256_hex;

use super::ExperimentError;
use super::cost::Cost;
use super::group::Group;
use super::inputs::Inputs;
use super::plan::{ScoreWork, Stage, Work};
use super::resolve::Resolved;
use super::scores::groups;
use super::shard::{Part, Shard};
use crate::spec::StageKey;

/// A plan cut into parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// What each part does, in the order of their numbers.
    pub portions: Vec<Portion>,
    /// For each training, its part, from 0.
    trainings: BTreeMap<StageKey, usize>,
    /// For each stage of scores that is cut, by panel: the part of each architecture, from 0.
    scores: BTreeMap<(usize, StageKey), Arc<[usize]>>,
}

/// What one part of a plan does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Portion {
    /// How many supernets and checks of the truth.
    pub trainings: usize,
    /// The estimated multiply-accumulates of the trainings.
    pub training_cost: u128,
    /// How many architectures, each counted once for each group of stages that read the same networks.
    pub architectures: usize,
    /// The estimated multiply-accumulates of the scores.
    pub scores_cost: u128,
}

impl Portion {
    /// The estimated multiply-accumulates of the trainings, or of the scores.
    pub fn cost(&self, part: Part) -> u128 {
        match part {
            Part::Training => self.training_cost,
            Part::Scores => self.scores_cost,
        }
    }
}

impl Cut {
    /// Cuts the stages of a plan into `count` parts.
    ///
    /// # Errors
    /// If an estimator is unknown.
    pub(super) fn new(
        stages: &[Stage],
        resolved: &Resolved,
        inputs: &Inputs,
        count: usize,
    ) -> Result<Self, ExperimentError> {
        let mut cut =
            Self { portions: vec![Portion::default(); count], trainings: BTreeMap::new(), scores: BTreeMap::new() };
        let trainings: Vec<&Stage> = stages.iter().filter(|stage| !matches!(stage.work, Work::Scores(_))).collect();
        let units = trainings.iter().map(|stage| Unit {
            // The check of the truth has no estimate. It is short.
            cost: u128::from(Cost::of(&stage.work, resolved, inputs).flops).max(1),
            order: stage.key.as_str().to_owned(),
        });
        for (stage, part) in trainings.iter().zip(shares(&units.collect::<Vec<_>>(), count)) {
            let portion = &mut cut.portions[part];
            portion.trainings += 1;
            portion.training_cost += u128::from(Cost::of(&stage.work, resolved, inputs).flops);
            cut.trainings.insert(stage.key.clone(), part);
        }

        let scores: Vec<(StageKey, ScoreWork)> = stages.iter().filter_map(scores_of).collect();
        let cut_groups: Vec<(Group<'_>, Vec<u128>)> = groups(resolved, inputs, &scores)?
            .into_iter()
            .filter_map(|group| {
                let costs = Cost::of_each(&group, resolved, inputs)?;
                Some((group, costs))
            })
            .collect();
        let mut units = Vec::new();
        for (group, costs) in &cut_groups {
            let key = group.stages().next().map_or("", |(key, _)| key.as_str());
            let texts = inputs.panels[group.panel].architectures.iter();
            units.extend(costs.iter().zip(texts).map(|(&cost, architecture)| Unit {
                cost: cost.max(1),
                order: sha256_hex(format!("{key} {architecture}").as_bytes()),
            }));
        }
        let mut parts = shares(&units, count).into_iter();
        for (group, costs) in &cut_groups {
            let own: Arc<[usize]> = parts.by_ref().take(costs.len()).collect();
            for (&part, cost) in own.iter().zip(costs) {
                cut.portions[part].architectures += 1;
                cut.portions[part].scores_cost += cost;
            }
            for (key, _) in group.stages() {
                cut.scores.insert((group.panel, key.clone()), Arc::clone(&own));
            }
        }
        Ok(cut)
    }

    /// Whether a part does a training.
    pub(super) fn trains(&self, shard: Shard, key: &StageKey) -> bool {
        self.trainings.get(key) == Some(&(shard.number() - 1))
    }

    /// The places of the architectures that a part scores for a group of stages; `None` if the group is not cut.
    pub(super) fn places(&self, shard: Shard, group: &Group<'_>) -> Option<Vec<usize>> {
        let (key, _) = group.stages().next()?;
        let parts = self.scores.get(&(group.panel, key.clone()))?;
        let own = parts.iter().enumerate().filter(|(_, part)| **part == shard.number() - 1);
        Some(own.map(|(place, _)| place).collect())
    }

    /// The parts that have a training: the first ones, as many as there are trainings and parts. A plan that is cut into just so many parts has
    /// the same trainings in each.
    pub fn training_portions(&self) -> &[Portion] {
        &self.portions[..self.trainings.len().min(self.portions.len())]
    }
}

/// The scores of a stage, if it is one of scores.
pub(super) fn scores_of(stage: &Stage) -> Option<(StageKey, ScoreWork)> {
    match &stage.work {
        Work::Scores(work) => Some((stage.key.clone(), work.clone())),
        Work::VerifyTruth { .. } | Work::Supernet { .. } => None,
    }
}

/// What cannot be cut.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    cost: u128,
    /// The order among equal costs.
    order: String,
}

/// The part of each unit, from 0.
fn shares(units: &[Unit], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.sort_by(|&a, &b| units[b].cost.cmp(&units[a].cost).then_with(|| units[a].order.cmp(&units[b].order)));
    let mut loads: BinaryHeap<Reverse<(u128, usize)>> = (0..count).map(|part| Reverse((0, part))).collect();
    let mut parts = vec![0; units.len()];
    for unit in order {
        let Some(Reverse((load, part))) = loads.pop() else { break };
        parts[unit] = part;
        loads.push(Reverse((load + units[unit].cost, part)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Architecture, Skeleton, SpaceId, nb201};
    use proptest::prelude::*;

    fn units(costs: &[u64]) -> Vec<Unit> {
        let unit = |(place, &cost): (usize, &u64)| Unit { cost: u128::from(cost), order: format!("{place:05}") };
        costs.iter().enumerate().map(unit).collect()
    }

    proptest! {
        /// Each unit has one part, and no part has more than the mean and one unit.
        #[test]
        fn the_slowest_part_is_bounded(costs in prop::collection::vec(1..1000_u64, 0..200), count in 1..40_usize) {
            let parts = shares(&units(&costs), count);
            let mut loads = vec![0; count];
            for (part, cost) in parts.iter().zip(&costs) {
                loads[*part] += cost;
            }
            prop_assert_eq!(parts.len(), costs.len());
            let (sum, most) = (costs.iter().sum::<u64>(), costs.iter().copied().max().unwrap_or(0));
            prop_assert!(loads.iter().all(|load| *load as f64 <= sum as f64 / count as f64 + most as f64));
        }

        /// The order in which units are listed does not matter.
        #[test]
        fn the_cut_is_of_the_units_and_not_of_their_order(
            costs in prop::collection::vec(1..20_u64, 1..60), count in 1..9_usize, turn in 0..60_usize,
        ) {
            let listed = units(&costs);
            let mut turned = listed.clone();
            let turn = turn % listed.len();
            turned.rotate_left(turn);
            let mut found = shares(&turned, count);
            found.rotate_right(turn);
            prop_assert_eq!(found, shares(&listed, count));
        }
    }

    /// What the ten estimators with networks took for the architectures of `real-nb201-zeroshot`, one after another: seconds of two threads of an
    /// AMD EPYC (Zen 5). Without the first two of the 300, which took three times as long, since a process that begins gets its memory from the
    /// system.
    const MEASURED: &str = include_str!("../../fixtures/costs/real-nb201-zeroshot.csv");

    /// Cuts the three groups of `real-nb201-zeroshot` (images, noise, another initialisation) by the estimate, and adds what was measured: the
    /// slowest part over the mean, and the costliest architecture over the mean.
    fn by_measured_costs(count: usize) -> (f64, f64) {
        let skeleton: Skeleton = nb201::Skeleton::default().into();
        let rows: Vec<(Architecture, f64)> = MEASURED
            .lines()
            .skip(1)
            .map(|line| {
                let (text, seconds) = line.rsplit_once(',').unwrap();
                (Architecture::parse(SpaceId::Nb201, text).unwrap(), seconds.parse().unwrap())
            })
            .collect();
        assert_eq!(rows.len(), 298);
        let unit = |group: usize, (architecture, _): &(Architecture, f64)| Unit {
            cost: u128::from(architecture.census(&skeleton).unwrap().flops),
            order: sha256_hex(format!("{group} {architecture}").as_bytes()),
        };
        let units: Vec<Unit> = (0..3).flat_map(|group| rows.iter().map(move |row| unit(group, row))).collect();
        let mut loads = vec![0.0; count];
        for (place, part) in shares(&units, count).into_iter().enumerate() {
            loads[part] += rows[place % rows.len()].1;
        }
        let mean = loads.iter().sum::<f64>() / count as f64;
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        (most(&mut loads.iter().copied()) / mean, most(&mut rows.iter().map(|(_, seconds)| *seconds)) / mean)
    }

    /// Up to 128 parts the slowest is near the mean; from 512 on, the costliest architecture is a part of its own and bounds it.
    #[test]
    #[allow(clippy::print_stdout, reason = "the table of the README")]
    fn parts_are_near_the_mean_by_measured_costs() {
        for count in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] {
            let (slowest, costliest) = by_measured_costs(count);
            println!(
                "{count:>5} parts: the slowest has {slowest:.3} of the mean, the costliest architecture {costliest:.3}"
            );
            let bound = if count <= 128 { 1.15 } else { f64::max(1.2, 1.05 * costliest) };
            assert!(slowest <= bound, "{count} parts: {slowest}");
        }
    }

    #[test]
    fn equal_costs_go_round() {
        assert_eq!(shares(&units(&[5; 6]), 3), [0, 1, 2, 0, 1, 2]);
        assert_eq!(shares(&units(&[7, 1, 1, 5]), 2), [0, 1, 1, 1]);
        assert_eq!(shares(&units(&[1]), 4), [0]);
    }
}
