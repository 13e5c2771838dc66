//! What a table may have used, and the values that it would have then.

use rayon::prelude::*;

use super::populations::{flops, params};
use super::{Asked, Convention, Count, Images, Population, Printed, Truths, WITHIN};
use crate::criteria::Criterion;
use crate::criteria::rank::{PairCounts, spearman};
use crate::seed::Seed;
use crate::space::nb201::Architecture;
use crate::spec::Nb201Accuracy;

/// How often so many architectures are drawn, to know how far the values of such tables are apart.
const DRAWS: u64 = 100;

/// So many standard deviations to both sides have 99 % of a normal distribution. A table has several values, and all have to be inside.
const SPREAD: f64 = 2.576;

/// Divided by the square root of how many are drawn: more than [`SPREAD`] times the largest standard deviation, which is that of rho for
/// numbers without any relation.
const FAR: f64 = 4.0;

/// A population with what is counted of it, on one data set.
#[derive(Clone, Debug, PartialEq)]
pub struct SetFit {
    /// What is ranked.
    pub population: Population,
    /// The data set.
    pub images: Images,
    /// What #Params and #FLOPs count.
    pub convention: Convention,
    /// The true accuracy.
    pub accuracy: Nb201Accuracy,
    /// How many architectures are ranked. Encodings without this accuracy are left out.
    pub architectures: usize,
    /// Each printed value, and the one here; `None` where it is undefined.
    pub cells: Vec<(Printed, Option<f64>)>,
    /// For drawn architectures, where 99 % of such tables have each value; `None` also where that is too far away to matter.
    pub intervals: Option<Vec<[f64; 2]>>,
    /// The largest difference between a printed value and the one here.
    pub distance: f64,
    /// Whether no difference is too large.
    pub fits: bool,
    /// Accuracies with which the same population and convention fit too, nearest first.
    pub others: Vec<Nb201Accuracy>,
}

/// What a table may have used, with all of its data sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What is ranked.
    pub population: Population,
    /// The rest, for each data set.
    pub sets: Vec<SetFit>,
    /// The largest difference between a printed value and the one here.
    pub distance: f64,
    /// Whether no difference is too large.
    pub fits: bool,
}

impl Candidate {
    fn new(population: Population, sets: Vec<SetFit>) -> Self {
        let distance = sets.iter().map(|set| set.distance).fold(0.0, f64::max);
        let fits = sets.iter().all(|set| set.fits);
        Self { population, sets, distance, fits }
    }

    /// What it counts on each data set.
    pub fn conventions(&self) -> Vec<Convention> {
        self.sets.iter().map(|set| set.convention).collect()
    }

    /// Whether it counts differently on different data sets.
    pub fn is_mixed(&self) -> bool {
        self.sets.iter().any(|set| set.convention != self.sets[0].convention)
    }

    /// How many architectures it ranks on the data set that has most.
    pub fn architectures(&self) -> usize {
        self.sets.iter().map(|set| set.architectures).max().unwrap_or_default()
    }
}

/// The order of candidates: those that fit first, and the nearest first among them.
pub(super) fn order(a: (bool, f64), b: (bool, f64)) -> std::cmp::Ordering {
    b.0.cmp(&a.0).then(a.1.total_cmp(&b.1))
}

/// Every population and convention on one data set, each with the accuracy that fits best.
pub(super) fn of_set(images: Images, printed: &[Printed], asked: Asked, truths: &Truths) -> Vec<SetFit> {
    let populations = Population::ALL.map(|population| (population, population.members()));
    let wanted: Vec<(Population, &[Architecture], Convention)> = populations
        .iter()
        .flat_map(|(population, members)| {
            let conventions = Convention::of(members, asked.with_flops).into_iter();
            conventions.map(move |convention| (*population, members.as_slice(), convention))
        })
        .collect();
    // In this order, whatever the threads.
    let of = |(population, members, convention): (Population, &[Architecture], Convention)| {
        let columns: Vec<Vec<f64>> = printed.iter().map(|cell| counts(members, cell.count, convention)).collect();
        let of = truths.all.iter().filter(|(accuracy, _)| Images::of(accuracy.set) == images);
        let mut fits: Vec<SetFit> = of
            .map(|(accuracy, values)| {
                let known: Vec<(usize, f64)> = members
                    .iter()
                    .enumerate()
                    .filter_map(|(place, member)| Some((place, values[member.index()]?)))
                    .collect();
                let truth: Vec<f64> = known.iter().map(|(_, value)| *value).collect();
                let kept = |column: &Vec<f64>| known.iter().map(|(place, _)| column[*place]).collect();
                let columns: Vec<Vec<f64>> = columns.iter().map(kept).collect();
                let here = |(cell, column): (&Printed, &Vec<f64>)| (*cell, value(cell.criterion, &truth, column));
                let cells: Vec<(Printed, Option<f64>)> = printed.iter().zip(&columns).map(here).collect();
                let distance = distance(&cells);
                // No sample is so far off, and its interval need not be known.
                let far = |drawn: usize| distance > FAR / (drawn as f64).sqrt() + asked.rounding;
                let near = asked.drawn.filter(|&drawn| !far(drawn));
                let intervals = near.map(|drawn| intervals(&truth, &columns, &cells, drawn));
                let is_hopeless = asked.drawn.is_some() && near.is_none();
                let fits = !is_hopeless && fits(&cells, intervals.as_deref(), asked.rounding);
                let (architectures, others) = (truth.len(), Vec::new());
                SetFit {
                    population,
                    images,
                    convention,
                    accuracy: *accuracy,
                    architectures,
                    cells,
                    intervals,
                    distance,
                    fits,
                    others,
                }
            })
            .collect();
        fits.sort_by(|a, b| order((a.fits, a.distance), (b.fits, b.distance)));
        let others = fits.iter().skip(1).filter(|other| other.fits).map(|other| other.accuracy).collect();
        Some(SetFit { others, ..fits.into_iter().next()? })
    };
    let found: Vec<Option<SetFit>> = wanted.into_par_iter().map(of).collect();
    found.into_iter().flatten().collect()
}

/// Every population with what it may count on all data sets. If none fits that counts the same on all of them, also those that do not.
pub(super) fn together(sets: &[Vec<SetFit>]) -> Vec<Candidate> {
    let first = sets.first().map(Vec::as_slice).unwrap_or_default();
    let uniform = first.iter().map(|one| {
        let same = |fit: &&SetFit| (fit.population, fit.convention) == (one.population, one.convention);
        let of = sets.iter().filter_map(|set| set.iter().find(same).cloned());
        Candidate::new(one.population, of.collect())
    });
    let mut all: Vec<Candidate> = uniform.collect();
    if !all.iter().any(|candidate| candidate.fits) {
        let mixed = Population::ALL.map(|population| {
            let of = |set: &Vec<SetFit>| {
                let of = set.iter().filter(|fit| fit.population == population);
                of.min_by(|a, b| order((a.fits, a.distance), (b.fits, b.distance))).cloned()
            };
            Candidate::new(population, sets.iter().filter_map(of).collect())
        });
        all.extend(mixed.into_iter().filter(Candidate::is_mixed));
    }
    all.sort_by(|a, b| order((a.fits, a.distance), (b.fits, b.distance)));
    all
}

fn counts(members: &[Architecture], count: Count, convention: Convention) -> Vec<f64> {
    let of = |&member: &Architecture| match count {
        Count::Params => params(member, convention.live),
        Count::Flops => flops(member, convention.live, convention.pooling == Some(true)),
    };
    members.iter().map(of).collect()
}

fn value(criterion: Criterion, truth: &[f64], counts: &[f64]) -> Option<f64> {
    if criterion == Criterion::Spearman { spearman(truth, counts) } else { PairCounts::new(truth, counts).tau_b() }
}

/// For each value, where 99 % of the tables of `drawn` of these architectures have it: 2.576 standard deviations to both sides.
fn intervals(truth: &[f64], columns: &[Vec<f64>], cells: &[(Printed, Option<f64>)], drawn: usize) -> Vec<[f64; 2]> {
    let draw = |index| Seed::root(0).child("fingerprint").index("draw", index).stream().choose(truth.len(), drawn);
    let draws: Vec<Vec<usize>> = (0..DRAWS).map(draw).collect();
    let of = |(column, (cell, centre)): (&Vec<f64>, &(Printed, Option<f64>))| {
        let Some(centre) = *centre else { return [-1.0, 1.0] };
        let square = |rows: &Vec<usize>| {
            let of = |all: &[f64]| -> Vec<f64> { rows.iter().map(|&row| all[row]).collect() };
            let difference = value(cell.criterion, &of(truth), &of(column))? - centre;
            Some(difference * difference)
        };
        let squares: Vec<f64> = draws.iter().filter_map(square).collect();
        let deviation = (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt();
        [centre - SPREAD * deviation, centre + SPREAD * deviation]
    };
    columns.iter().zip(cells).map(of).collect()
}

/// The largest difference.
fn distance(cells: &[(Printed, Option<f64>)]) -> f64 {
    let of = |(cell, value): &(Printed, Option<f64>)| value.map_or(f64::INFINITY, |value| (value - cell.value).abs());
    cells.iter().map(of).fold(0.0, f64::max)
}

/// Whether all values are within [`WITHIN`] or their intervals, but for what rounding may have done.
fn fits(cells: &[(Printed, Option<f64>)], intervals: Option<&[[f64; 2]]>, rounding: f64) -> bool {
    cells.iter().enumerate().all(|(place, (cell, value))| {
        let Some(value) = *value else { return false };
        let [low, high] = intervals.map_or([value - WITHIN, value + WITHIN], |intervals| intervals[place]);
        low - rounding <= cell.value && cell.value <= high + rounding
    })
}
