//! Whether the parts of a record fit each other. Reports rely on it, and a record may come from anywhere.

use nas_assay_base::text::excerpt;
use nas_assay_criteria::{BINS, Comparison, Criteria, NonFinite, TopCount, Undefined};

use super::{AnalysesRecord, EstimatorRecord, PanelRecord, Record};

type Checked = Result<(), String>;

impl Record {
    /// Checks that every list of numbers has one for each architecture, and that rows which are pointed at exist.
    ///
    /// # Errors
    /// The first part that does not fit, in words.
    pub(super) fn check(&self) -> Checked {
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.spec_hash.len() != 64 || !self.spec_hash.bytes().all(hexadecimal) {
            return Err(format!("`spec_hash` is {}, not 64 hexadecimal digits", excerpt(&self.spec_hash)));
        }
        self.panels.iter().try_for_each(|panel| panel.check(self.truth.is_some()))
    }
}

impl PanelRecord {
    /// `judged` says whether the record has a ground truth.
    fn check(&self, judged: bool) -> Checked {
        let rows = self.architectures.len();
        let in_panel = |problem: String| format!("panel `{}`: {problem}", excerpt(&self.name));
        if rows == 0 {
            return Err(in_panel("it has no architectures".to_owned()));
        }
        if let Some(row) = self.architectures.iter().find(|row| row.truth.is_some() != judged) {
            let problem = if judged { "has no true value" } else { "has a true value, and the record has no truth" };
            return Err(in_panel(format!("{} {problem}", excerpt(&row.architecture))));
        }
        let no_truth = |estimator: &EstimatorRecord| estimator.criteria.undefined == Some(Undefined::NoTruth);
        if let Some(estimator) = self.estimators.iter().find(|estimator| no_truth(estimator) == judged) {
            let problem = if judged { "no truth to rank by, and the record has one" } else { "judged without a truth" };
            return Err(in_panel(format!("{}: {problem}", excerpt(&estimator.label()))));
        }
        self.coverage.iter().try_for_each(|coverage| coverage.check().map_err(in_panel))?;
        self.estimators.iter().try_for_each(|estimator| estimator.check(rows).map_err(in_panel))?;
        self.analyses.check().map_err(in_panel)?;
        let too_many = |kept: usize| kept > rows;
        match self.analyses.variants.iter().flat_map(|found| &found.kept).find(|kept| too_many(kept.architectures)) {
            Some(kept) => Err(in_panel(format!("{} of its {rows} architectures were kept", kept.architectures))),
            None => Ok(()),
        }
    }
}

impl EstimatorRecord {
    /// `rows` is the number of architectures of the panel.
    fn check(&self, rows: usize) -> Checked {
        let of = |what: &str, found: usize| {
            let (label, what) = (self.label(), excerpt(what));
            let problem = || format!("{}: {what} for {found} architectures, and the panel has {rows}", excerpt(&label));
            if found == rows { Ok(()) } else { Err(problem()) }
        };
        of("scores", self.scores.len())?;
        of("criteria", self.criteria.rows)?;
        let NonFinite { nan, positive_infinity, negative_infinity } = self.criteria.non_finite;
        for count in [nan, positive_infinity, negative_infinity] {
            if count > rows {
                return Err(format!("{}: {count} scores that are not finite, of {rows}", excerpt(&self.label())));
            }
        }
        for TopCount { count, tau_top, tau_true_top } in &self.criteria.top_counts {
            let refused = |problem: String| Err(format!("{}: {problem}", excerpt(&self.label())));
            if !(1..=rows).contains(count) {
                return refused(format!("tau-b among {count} of {rows} architectures"));
            }
            if let Some(tau) = [tau_top, tau_true_top].into_iter().flatten().find(|tau| !(-1.0..=1.0).contains(*tau)) {
                return refused(format!("a tau-b of {tau:?} among {count} architectures"));
            }
        }
        reasons(&self.criteria).map_err(|problem| format!("{}: {problem}", excerpt(&self.label())))?;
        for detail in &self.details {
            of(&format!("`{}`", detail.name), detail.values.len())?;
        }
        let extremes = &self.bias.extremes;
        let mut standings = extremes.top.iter().chain(&extremes.over_estimated).chain(&extremes.under_estimated);
        if let Some(standing) = standings.find(|standing| standing.row >= rows) {
            return Err(format!("{}: row {} of {rows} architectures", excerpt(&self.label()), standing.row));
        }
        let mut histograms =
            self.bias.operations.iter().flat_map(|bias| [&bias.truth_histogram, &bias.score_histogram]);
        match histograms.find(|bins| bins.len() != BINS) {
            Some(bins) => Err(format!("{}: a histogram of {} bins, not {BINS}", excerpt(&self.label()), bins.len())),
            None => Ok(()),
        }
    }
}

impl AnalysesRecord {
    fn check(&self) -> Checked {
        let against = self.comparisons.iter().map(|found| (&found.estimator, &found.outcome));
        let variants = self.variants.iter().flat_map(|found| {
            let kept = found.kept.iter().map(|kept| &kept.outcome);
            std::iter::once(&found.outcome).chain(kept).map(|outcome| (&found.estimator, outcome))
        });
        against.chain(variants).try_for_each(|(label, Comparison { interval, no_interval, .. })| {
            value_or_reason("the interval of a difference", interval.is_some(), no_interval.is_some())
                .map_err(|problem| format!("{}: {problem}", excerpt(label)))
        })
    }
}

/// Checks that each criterion and each interval that is missing has a reason, and no other.
fn reasons(criteria: &Criteria) -> Checked {
    let Criteria { kendall, undefined, spearman, spearman_interval, pearson, .. } = criteria;
    value_or_reason("tau-b", kendall.tau_b.is_some(), undefined.is_some())?;
    value_or_reason("rho", spearman.is_some(), undefined.is_some())?;
    value_or_reason("r", pearson.value.is_some(), pearson.undefined.is_some())?;
    value_or_reason("the interval of tau-b", kendall.interval.is_some(), kendall.no_interval.is_some())?;
    value_or_reason("the interval of rho", spearman_interval.is_some(), kendall.no_interval.is_some())
}

fn value_or_reason(what: &str, value: bool, reason: bool) -> Checked {
    match (value, reason) {
        (true, true) => Err(format!("both {what} and a reason why there is none")),
        (false, false) => Err(format!("neither {what} nor a reason why there is none")),
        _ => Ok(()),
    }
}
