//! The claims of Ning et al. 2021. Each claim is decided by a rule over numbers that are computed from the available data.
//!
//! A [`Claim`] has a measure, which computes [`Figure`]s from [`Evidence`], and a [`Rule`], which is applied to the figures that are marked
//! as tested. Neither depends on the expected result. A claim that fails is a finding. A claim without its data is undecided, and its note
//! says how to get the data. Published numbers are shown next to ours, and decide a claim only if the rule says so.

mod authors;
mod baselines;
mod counts;
mod evidence;
mod improvements;
mod nb101;
mod nb301;
mod one_shot;
mod panel;
mod resnext;
mod rule;
mod trouble;
mod zero_shot;
mod zero_shot_spaces;

use serde::{Serialize, Serializer};

use crate::experiment::ExperimentError;
use crate::space::SpaceId;
use nas_assay_base::nearest;

pub use evidence::{Evidence, Source};
pub use panel::{Column, Scored};
pub use rule::{Figure, Measured, Rule, Verdict};
use trouble::Trouble;

/// A claim, and how it is decided.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The id on the command line.
    pub id: &'static str,
    /// The search space; `None` for a claim about criteria.
    pub space: Option<SpaceId>,
    /// The statement.
    pub claim: &'static str,
    /// Where it is made: in the text that the authors submitted (`submission`), in the slides of their talk at NeurIPS 2021 (`slides`), or
    /// in the data that they released (`release`). `recomputed` numbers were computed by this project from published data.
    pub source: &'static str,
    /// A description of the tested numbers.
    pub tested: &'static str,
    /// The rule.
    pub rule: Rule,
    /// Computes the numbers from the data.
    pub measure: fn(&Evidence) -> Result<Measured, Trouble>,
}

impl Claim {
    /// The rule in words.
    pub fn rule_text(&self) -> String {
        format!("{}: {}", self.tested, self.rule)
    }

    /// Decides the claim by the available data.
    ///
    /// # Errors
    /// If a data file is damaged, or criteria cannot be computed. Missing data are not an error: the claim is undecided.
    pub fn decide(&self, evidence: &Evidence) -> Result<Outcome, ExperimentError> {
        let (verdict, figures, note) = match (self.measure)(evidence) {
            Ok(Measured { figures, note }) => {
                let (verdict, why) = self.rule.verdict(&figures);
                let note = [note, why].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
                (verdict, figures, note)
            }
            Err(Trouble::Missing(what)) => (Verdict::Undecided, Vec::new(), what),
            Err(Trouble::Failed(error)) => return Err(error),
        };
        Ok(Outcome {
            id: self.id,
            space: self.space,
            claim: self.claim,
            source: self.source,
            rule: self.rule_text(),
            verdict,
            ours: Numbers(figures.iter().flat_map(ours).collect()),
            published: Numbers(
                figures.iter().filter_map(|figure| Some((figure.name.clone(), figure.published?))).collect(),
            ),
            note,
        })
    }
}

/// Our number of a figure, and the ends of its interval.
fn ours(figure: &Figure) -> impl Iterator<Item = (String, f64)> {
    let name = &figure.name;
    let ends = figure.interval.map(|[lower, upper]| [(format!("{name}, from"), lower), (format!("{name}, to"), upper)]);
    figure.ours.map(|ours| (name.clone(), ours)).into_iter().chain(ends.into_iter().flatten())
}

/// Named numbers in a fixed order. In JSON, they are an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(pub Vec<(String, f64)>);

impl Serialize for Numbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// How a claim was decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// [`Claim::id`].
    pub id: &'static str,
    /// [`Claim::space`].
    pub space: Option<SpaceId>,
    /// [`Claim::claim`].
    pub claim: &'static str,
    /// [`Claim::source`].
    pub source: &'static str,
    /// [`Claim::rule_text`].
    pub rule: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Our numbers. If a number has a 95 % interval, the ends of the interval follow as `..., from` and `..., to`.
    pub ours: Numbers,
    /// The published numbers with the same names.
    pub published: Numbers,
    /// Remarks. For an undecided claim, they say what is missing.
    pub note: String,
}

/// All claims, by area.
pub fn all() -> impl Iterator<Item = &'static Claim> {
    [
        counts::CLAIMS,
        baselines::CLAIMS,
        authors::CLAIMS,
        nb301::CLAIMS,
        nb101::CLAIMS,
        resnext::CLAIMS,
        zero_shot::CLAIMS,
        one_shot::CLAIMS,
        improvements::CLAIMS,
    ]
    .into_iter()
    .chain(zero_shot_spaces::CLAIMS)
    .flatten()
}

/// No claim has this id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no claim is called `{id}`{}", nearest.map(|name| format!("; the nearest is `{name}`")).unwrap_or_default())]
pub struct UnknownClaim {
    /// The given id.
    pub id: String,
    /// The id of a claim that is similar.
    pub nearest: Option<&'static str>,
}

/// The claim with this id.
///
/// # Errors
/// If there is none.
pub fn find(id: &str) -> Result<&'static Claim, UnknownClaim> {
    all()
        .find(|claim| claim.id == id)
        .ok_or_else(|| UnknownClaim { id: id.to_owned(), nearest: nearest(id, all().map(|claim| claim.id)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_begin_with_the_space() {
        let ids: Vec<&str> = all().map(|claim| claim.id).collect();
        let distinct: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(distinct.len(), ids.len());
        for claim in all() {
            let prefix = claim.space.map_or("criteria", SpaceId::name);
            assert!(claim.id.starts_with(prefix), "{}", claim.id);
        }
        assert_eq!(find("nb201-synflow").unwrap().id, "nb201-synflow");
        assert_eq!(find("nb201-synflwo").unwrap_err().nearest, Some("nb201-synflow"));
    }

    #[test]
    fn without_data_only_what_needs_none_is_decided() {
        let evidence = Evidence::new(None, None);
        for claim in all() {
            let outcome = claim.decide(&evidence).unwrap();
            if outcome.verdict == Verdict::Undecided {
                assert!(outcome.note.contains("run") || outcome.note.contains("data root"), "{outcome:?}");
            } else {
                assert!(["nb201", "nb101", "crite", "nds_r"].contains(&&claim.id[..5]), "{outcome:?}");
            }
        }
    }

    #[test]
    fn a_rule_is_said_with_what_it_is_applied_to() {
        for claim in all() {
            assert_eq!(claim.rule_text(), format!("{}: {}", claim.tested, claim.rule));
        }
        let outcome = find("criteria-example").unwrap().decide(&Evidence::new(None, None)).unwrap();
        assert_eq!(outcome.rule, find("criteria-example").unwrap().rule_text());
        for (rule, said) in [
            (Rule::Published(0.0), "each exactly as published"),
            (Rule::Published(0.0005), "each within 0.0005 of the published value"),
            (Rule::Above(0.0), "each above 0"),
            (Rule::AtLeast(0.25), "each at least 0.25"),
            (Rule::Below(1e-6), "each below 1e-6"),
            (Rule::AtMost(3.0), "each at most 3"),
            (Rule::ShownAbove, "each 95 % interval above 0; undecided if one contains 0"),
            (Rule::ShownBelow, "each 95 % interval below 0; undecided if one contains 0"),
            (Rule::NotShownAbove, "no 95 % interval entirely above 0"),
            (Rule::Covers, "the published value inside each 95 % interval"),
        ] {
            assert_eq!(rule.to_string(), said);
        }
    }

    #[test]
    fn an_outcome_is_written_as_promised() {
        let outcome = find("criteria-example").unwrap().decide(&Evidence::new(None, None)).unwrap();
        let json = serde_json::to_string(&outcome).unwrap();
        let keys = ["id", "space", "claim", "source", "rule", "verdict", "ours", "published", "note"];
        let places: Vec<usize> = keys.iter().map(|key| json.find(&format!("\"{key}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{json}");
        assert!(json.contains(r#""verdict":"holds","ours":{"P@top":0.5,"#), "{json}");
    }
}

/// Helpers for the tests of all areas.
#[cfg(test)]
mod testing {
    use super::*;

    /// A claim's id, and two measurements for it.
    pub type Case = (&'static str, Result<Measured, Trouble>, Result<Measured, Trouble>);

    /// Asserts that each claim of an area holds by the first of two measurements and fails by the second, and that no claim is left out.
    #[track_caller]
    pub fn both_ways(claims: &[Claim], cases: Vec<Case>) {
        let tried: Vec<&str> = cases.iter().map(|case| case.0).collect();
        for claim in claims {
            assert!(tried.contains(&claim.id), "{} is not tested", claim.id);
        }
        for (id, holding, failing) in cases {
            let rule = claims.iter().find(|claim| claim.id == id).unwrap().rule;
            for (measured, expected) in [(holding, Verdict::Holds), (failing, Verdict::Fails)] {
                let measured = measured.unwrap();
                assert_eq!(rule.verdict(&measured.figures).0, expected, "{id}: {measured:?}");
            }
        }
    }
}
