//! What a panel says, in a few plain sentences for a reader who is new to all this. Every report has the same sentences.
//!
//! They name values of the record and outcomes of its paired tests, and nothing else: whoever ranks best here may not be better elsewhere.

use std::collections::BTreeMap;

use nas_assay_criteria::{Comparison, Criterion, Verdict};
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{ComparisonRecord, EstimatorRecord, PanelRecord};

use crate::checkpoints::latest;
use crate::value_text::{self, count};
use crate::worth::{KnownCeiling, PanelWorth};

/// So many names stand in a list of names.
const NAMES: usize = 3;

/// So many baselines are named.
const NAMED_BASELINES: usize = 5;

/// The sentences about a panel: who comes closest to the truth, whether that is more than a baseline reaches, what the truth allows, and
/// what to beware of. Of a supernet with several checkpoints they know the last one.
pub(crate) fn sentences(panel: &PanelRecord, worth: Option<&PanelWorth>) -> Vec<String> {
    if panel.truth().is_none() {
        return without_truth(panel);
    }
    let shown: Vec<&EstimatorRecord> =
        latest(&panel.estimators).into_iter().map(|place| &panel.estimators[place]).collect();
    let ranked: Vec<Ranked<'_>> = shown.iter().filter_map(|estimator| Ranked::of(estimator)).collect();
    let Some(highest) = ranked.iter().map(|row| row.tau).reduce(f64::max) else {
        return if shown.is_empty() {
            vec!["No estimator ranks these architectures.".to_owned()]
        } else {
            vec!["No Kendall's tau-b is defined here; the reason stands below the table.".to_owned()]
        };
    };
    // What stands alone beside baselines is what the reader asks about.
    let mut judged = shown.iter().filter(|estimator| estimator.kind != EstimatorKind::Baseline);
    let only = judged.next().filter(|_| judged.next().is_none());
    let subject = only.and_then(|only| ranked.iter().find(|row| row.label == only.label()));
    let highest = subject.map_or(highest, |subject| subject.tau);
    let best: Vec<&Ranked<'_>> = match subject {
        Some(subject) => vec![subject],
        None => ranked.iter().filter(|row| row.tau == highest).collect(),
    };
    let tests = Tests::of(panel, &ranked, worth);
    let next = tests.best_of_the_others(&ranked);
    let mut found = Vec::new();
    if let (Some(only), None) = (only, subject) {
        found.push(format!("{} ranks nothing: its Kendall's tau-b is undefined.", only.label()));
    }
    found.push(closest(&best, if subject.is_some() { 1 } else { shown.len() }, panel.architectures.len()));
    found.extend(no_better_than_chance(&best));
    found.extend(tests.against_the_baselines(&ranked, highest));
    found.extend(worth.and_then(|worth| noise(worth, highest)));
    let named: Vec<&Ranked<'_>> =
        best.iter().copied().chain(next.filter(|next| best.iter().all(|of| of.label != next.label))).collect();
    found.extend(caution(&named));
    found
}

/// An estimator with a tau-b.
struct Ranked<'a> {
    label: String,
    tau: f64,
    record: &'a EstimatorRecord,
}

impl<'a> Ranked<'a> {
    fn of(record: &'a EstimatorRecord) -> Option<Self> {
        Some(Self { label: record.label(), tau: record.criteria.kendall.tau_b?, record })
    }

    fn is_baseline(&self) -> bool {
        self.record.kind == EstimatorKind::Baseline
    }
}

fn tau(value: f64) -> String {
    value_text::value(Criterion::TauB, Some(value))
}

/// `a`, `a and b`, `a, b and c`, `a, b and 2 more`.
fn list(names: &[&str]) -> String {
    let (first, last) = match names {
        [] => return String::new(),
        [one] => return (*one).to_owned(),
        [first @ .., last] if names.len() <= NAMES => (first, (*last).to_owned()),
        more => (&more[..NAMES - 1], format!("{} more", count(more.len() + 1 - NAMES))),
    };
    format!("{} and {last}", first.join(", "))
}

fn labels(rows: &[&Ranked<'_>]) -> String {
    list(&rows.iter().map(|row| row.label.as_str()).collect::<Vec<&str>>())
}

/// Some baselines, with their names if they are few. Those of `further` have no row in the panel.
fn all_of(names: &[&str], further: &[&str]) -> String {
    let has = if further.len() == 1 { "has" } else { "have" };
    let without_row = format!("{}, which {has} no row here", list(further));
    match (names, further) {
        ([one], []) | ([], [one]) => (*one).to_owned(),
        ([one, other], []) | ([], [one, other]) => format!("both {one} and {other}"),
        _ if names.len() + further.len() > NAMED_BASELINES => {
            format!("all {} tested baselines", count(names.len() + further.len()))
        }
        (few, []) | ([], few) => format!("all baselines ({})", few.join(", ")),
        _ => format!("all baselines ({}, and {without_row})", names.join(", ")),
    }
}

/// Who comes closest to the truth.
fn closest(best: &[&Ranked<'_>], estimators: usize, architectures: usize) -> String {
    let names = labels(best);
    let kind = match best {
        [one] if one.is_baseline() => " (a baseline)",
        several if several.iter().all(|row| row.is_baseline()) => " (baselines)",
        _ => "",
    };
    let value = tau(best[0].tau);
    let bounds = |row: &&Ranked<'_>| row.record.criteria.kendall.interval.map(value_text::bounds);
    let interval = bounds(&best[0]).filter(|first| best.iter().all(|row| bounds(row).as_ref() == Some(first)));
    let scale = match interval {
        Some([lower, upper]) => {
            format!("95 % interval {} to {}; 1 is the true order", tau(lower), tau(upper))
        }
        None => "1 is the true order".to_owned(),
    };
    let of = count(architectures);
    if estimators == 1 {
        return format!("{names}{kind} ranks these {of} architectures with a Kendall's tau-b of {value} ({scale}).");
    }
    let comes = if best.len() == 1 { "comes" } else { "come" };
    format!(
        "Of {} estimators, {names}{kind} {comes} closest to the true order of these {of} architectures: Kendall's tau-b {value} ({scale}).",
        count(estimators)
    )
}

/// That the interval of the best holds zero, if it does.
fn no_better_than_chance(best: &[&Ranked<'_>]) -> Option<String> {
    let lower = |row: &&Ranked<'_>| row.record.criteria.kendall.interval.map(|interval| interval.lower);
    let lowest = best.iter().map(lower).collect::<Option<Vec<f64>>>()?;
    let holds = lowest.iter().all(|&lower| lower <= 0.0);
    holds.then(|| "That interval is not above 0, so this may be no better than a random order.".to_owned())
}

/// A baseline that estimators are compared with.
struct Baseline {
    name: String,
    tau: f64,
}

/// The paired tests of the estimators against the baselines of the record and, if they are known, the structural ones.
struct Tests<'a> {
    /// Those that tests are against; all baselines with a tau-b if there are no tests.
    baselines: Vec<Baseline>,
    outcomes: BTreeMap<(&'a str, &'a str), &'a Comparison>,
    /// Whether there are fewer architectures than tests need.
    is_small: bool,
}

impl<'a> Tests<'a> {
    fn of(panel: &'a PanelRecord, ranked: &[Ranked<'_>], worth: Option<&'a PanelWorth>) -> Self {
        let own = panel.analyses.comparisons.iter();
        let structural: Vec<Baseline> = worth.map(structures).unwrap_or_default();
        let further = worth.into_iter().flat_map(|worth| &worth.comparisons);
        // Structural baselines are themselves compared with the baselines of the record, which is not asked here.
        let is_structural = |name: &str| structural.iter().any(|of| of.name == name);
        let all: Vec<&ComparisonRecord> = own.chain(further.filter(|of| !is_structural(&of.estimator))).collect();
        let outcomes: BTreeMap<_, _> =
            all.iter().map(|of| ((of.estimator.as_str(), of.with.as_str()), &of.outcome)).collect();
        let is_tested = |name: &str| outcomes.keys().any(|(_, with)| *with == name);
        let baseline = |row: &Ranked<'_>| Baseline { name: row.label.clone(), tau: row.tau };
        let mut baselines: Vec<Baseline> =
            ranked.iter().filter(|row| row.is_baseline() && is_tested(&row.label)).map(baseline).collect();
        baselines.extend(structural.into_iter().filter(|of| is_tested(&of.name)));
        if baselines.is_empty() {
            baselines = ranked.iter().filter(|row| row.is_baseline()).map(baseline).collect();
        }
        Self { baselines, outcomes, is_small: panel.architectures.len() < nas_assay_criteria::bootstrap::FEWEST }
    }

    fn is_baseline(&self, row: &Ranked<'_>) -> bool {
        row.is_baseline() || self.baselines.iter().any(|of| of.name == row.label)
    }

    /// The outcome of a test, if it has an interval.
    fn outcome(&self, row: &Ranked<'_>, with: &Baseline) -> Option<&Comparison> {
        self.outcomes
            .get(&(row.label.as_str(), with.name.as_str()))
            .copied()
            .filter(|outcome| outcome.interval.is_some())
    }

    fn best_of_the_others<'b, 'c>(&self, ranked: &'b [Ranked<'c>]) -> Option<&'b Ranked<'c>> {
        let others = ranked.iter().filter(|row| !self.is_baseline(row));
        // Of equal values the first one; `max_by` would take the last.
        others.reduce(|best, next| if next.tau > best.tau { next } else { best })
    }

    /// Whether an estimator is better than all of the baselines.
    fn beats_all(&self, row: &Ranked<'_>) -> bool {
        let is_better = |of: &Baseline| self.outcome(row, of).is_some_and(|found| found.verdict == Verdict::Better);
        !self.baselines.is_empty() && self.baselines.iter().all(is_better)
    }

    /// Whether the estimators that are no baselines are better than these.
    fn against_the_baselines(&self, ranked: &[Ranked<'_>], highest: f64) -> Vec<String> {
        let Some(next) = self.best_of_the_others(ranked) else { return Vec::new() };
        let Some(floor) = self.baselines.iter().reduce(|best, next| if next.tau > best.tau { next } else { best })
        else {
            return vec!["There is no baseline beside it: counting parameters may rank as well.".to_owned()];
        };
        let others: Vec<&Ranked<'_>> = ranked.iter().filter(|row| !self.is_baseline(row)).collect();
        // Variants and earlier checkpoints have no tests.
        let is_tested = |row: &&&Ranked<'_>| self.baselines.iter().any(|of| self.outcome(row, of).is_some());
        let tested = others.iter().filter(is_tested).count();
        let is_closest = next.tau == highest;
        let floor_has = format!("the best baseline, {}, has {}", floor.name, tau(floor.tau));
        let next_has = format!("the best of the others, {}, has {}", next.label, tau(next.tau));
        if tested == 0 {
            let has = if is_closest { &floor_has } else { &next_has };
            let why = if self.is_small { "with fewer than 10 architectures there is" } else { "there is" };
            return vec![format!("{}; {why} no test of the difference.", sentence(has))];
        }
        let mut better: Vec<&Ranked<'_>> = others.iter().copied().filter(|row| self.beats_all(row)).collect();
        better.sort_by(|one, other| other.tau.total_cmp(&one.tau));
        let has_row = |name: &&str| ranked.iter().any(|row| row.label == *name);
        let (names, further): (Vec<&str>, Vec<&str>) =
            self.baselines.iter().map(|of| of.name.as_str()).partition(has_row);
        let all = all_of(&names, &further);
        let paired = "in paired tests at 95 %";
        // The sentence before this one is about the closest.
        let none = match (&others[..], is_closest) {
            ([_], true) => format!("{paired}, it does not beat {all}"),
            _ => format!("{paired}, no estimator beats {all}"),
        };
        match (&better[..], is_closest) {
            ([], true) => vec![format!("That is {}.", self.stands(next, floor)), format!("{}.", sentence(&none))],
            ([], false) => vec![format!("{}; {next_has}.", sentence(&none))],
            (better, _) => {
                let beat = if better.len() == 1 { "beats" } else { "beat" };
                if tested == 1 {
                    let said = format!("{}, {} beats {all}.", sentence(paired), labels(better));
                    return vec![said, format!("{}.", sentence(&floor_has))];
                }
                let said = format!(
                    "{}, {} of {} tested estimators {beat} {all}: {}.",
                    sentence(paired),
                    count(better.len()),
                    count(tested),
                    labels(better)
                );
                vec![said, format!("{}.", sentence(&floor_has))]
            }
        }
    }

    /// How an estimator stands to a baseline.
    fn stands(&self, row: &Ranked<'_>, floor: &Baseline) -> String {
        let than = match self.outcome(row, floor) {
            None => "not tested against",
            Some(outcome) if outcome.is_equal() => "the same ranking as that of",
            Some(outcome) => match outcome.verdict {
                Verdict::Better => "better than",
                Verdict::Worse => "worse than",
                Verdict::Undecided => "not clearly better than",
            },
        };
        format!("{than} the best baseline, {} ({})", floor.name, tau(floor.tau))
    }
}

/// The structural baselines that have a tau-b.
fn structures(worth: &PanelWorth) -> Vec<Baseline> {
    let baseline = |(row, _): (&crate::worth::WorthRow, _)| {
        Some(Baseline { name: row.name.clone(), tau: row.tops.first()?.tau_b? })
    };
    worth.structures().filter_map(baseline).collect()
}

/// A text with a capital letter at its beginning.
fn sentence(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

/// What another training reaches, if that is known; and why the highest tau-b can be above it, if it is.
fn noise(worth: &PanelWorth, highest: f64) -> Option<String> {
    let KnownCeiling::Known { truth_is_mean, ceiling, .. } = &worth.ceiling else { return None };
    let reached = ceiling.attainable(1.0, *truth_is_mean)?;
    let of = if ceiling.rows == worth.architectures {
        "these architectures".to_owned()
    } else {
        format!("{} of them", count(ceiling.rows))
    };
    let above = match (highest > reached, truth_is_mean) {
        (false, _) => "",
        (true, true) => " A score can be above that: the truth is a mean of several trainings.",
        (true, false) => " A score can be above that: both trainings are noisy.",
    };
    Some(format!("The truth itself is noisy: another training of {of} reaches {}.{above}", tau(reached)))
}

/// What to beware of in the rankings that were named: scores that failed, or else ties.
fn caution(named: &[&Ranked<'_>]) -> Option<String> {
    let failed: Vec<&Ranked<'_>> =
        named.iter().copied().filter(|row| row.record.criteria.non_finite.total() > 0).collect();
    if let [first, ..] = failed[..] {
        let scores = match first.record.criteria.non_finite.total() {
            1 => "1 score".to_owned(),
            several => format!("{} scores", count(several)),
        };
        return Some(match &failed[..] {
            [one] => format!("{} has {scores} that failed; failed scores rank worst.", one.label),
            several => format!("{} have scores that failed; failed scores rank worst.", labels(several)),
        });
    }
    let tied: Vec<&Ranked<'_>> = named.iter().copied().filter(|row| row.record.criteria.tie_sensitive).collect();
    let give = if tied.len() == 1 { "gives" } else { "give" };
    (!tied.is_empty()).then(|| {
        let which = labels(&tied);
        format!("{which} {give} equal scores to some architectures. The order of these decides values like P@top.")
    })
}

/// Which rankings agree, where no truth says which is right.
fn without_truth(panel: &PanelRecord) -> Vec<String> {
    let mut found = vec!["There is no truth here, so nothing says which estimator is right.".to_owned()];
    let shown: Vec<String> =
        latest(&panel.estimators).into_iter().map(|place| panel.estimators[place].label()).collect();
    let agreement = panel.analyses.agreement.iter();
    let of_shown = agreement.filter(|of| shown.contains(&of.estimator) && shown.contains(&of.with));
    let pairs: Vec<(&str, &str, f64)> =
        of_shown.filter_map(|of| Some((of.with.as_str(), of.estimator.as_str(), of.agreement.tau_b?))).collect();
    let most = pairs.iter().copied().reduce(|best, next| if next.2 > best.2 { next } else { best });
    let least = pairs.iter().copied().reduce(|best, next| if next.2 < best.2 { next } else { best });
    if let (Some((one, other, most)), Some((first, second, least))) = (most, least) {
        let scale = "1 is the same order";
        if pairs.len() == 1 {
            found.push(format!("{one} and {other} agree with a Kendall's tau-b of {} ({scale}).", tau(most)));
        } else {
            found.push(format!("{one} and {other} agree most: Kendall's tau-b {} ({scale}).", tau(most)));
            found.push(format!("{first} and {second} agree least: {}.", tau(least)));
        }
    }
    found
}

#[cfg(test)]
mod tests;
