//! Claims about criteria that the authors computed from their own scores. Where these scores are published, our criteria are compared with
//! theirs. Where only the criteria are published, they are used as they are.

use serde_json::Value;

use super::Claim;
use super::evidence::Source;
use super::nb301::rounded;
use super::panel::{Scored, mean, missing, range};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::criteria::{Criteria, CriteriaConfig, evaluate};
use crate::published;
use crate::seed::Seed;
use crate::space::SpaceId;

const RELEASE: &str = "release of Ning et al.: criteria of two seeds";
const NB201: Option<SpaceId> = Some(SpaceId::Nb201);
const NB301: Option<SpaceId> = Some(SpaceId::Nb301);

/// Our columns and the names in the authors' file.
const SCORES: [(&str, &str); 2] = [("oneshot_accuracy", "oneshot_acc"), ("oneshot_loss", "oneshot_loss")];

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nb301-authors-correlations",
        space: NB301,
        claim: "Our tau-b, rho and r of the published scores are those that the authors stored, for all seeds, checkpoints, scores \
                and truths.",
        source: RELEASE,
        tested: "greatest difference of a correlation from the stored one",
        rule: Rule::AtMost(1e-6),
        measure: |evidence| correlations(&*evidence.table(Source::Nb301Distinct)?, &evidence.authors()?),
    },
    Claim {
        id: "nb301-authors-ends",
        space: NB301,
        claim: "Our P@top, P@bottom, BR and WR are those that the authors stored at every K, by loss and with the exact truth.",
        source: RELEASE,
        tested: "number of values that differ from the stored ones",
        rule: Rule::AtMost(0.0),
        measure: |evidence| ends(&*evidence.table(Source::Nb301Distinct)?, &evidence.authors()?),
    },
    Claim {
        id: "nb301-zero-shot-slide",
        space: NB301,
        claim: "The zero-shot tau-b is .201 for synflow, and .394 for plain after negation.",
        source: "slides, against the stored criteria of the release: 5 batches, mean over 3 initialisation seeds",
        tested: "the stored tau-b, to the printed digits",
        rule: Rule::Published(5e-4),
        measure: |evidence| zero_shot_slide(&evidence.authors()?),
    },
    Claim {
        id: "nb301-zero-shot-under-params",
        space: NB301,
        claim: "No zero-shot estimator ranks as well as #Params.",
        source: "submission, slides; release of Ning et al.: 5 batches, mean over 3 initialisation seeds",
        tested: "tau-b of #Params on the distinct architectures minus the stored one of each zero-shot estimator",
        rule: Rule::Above(0.0),
        measure: |evidence| zero_shot_under_params(&*evidence.table(Source::Nb301Distinct)?, &evidence.authors()?),
    },
    Claim {
        id: "nb201-bottom-over-top",
        space: NB201,
        claim: "The one-shot accuracy finds bad architectures better than good ones: P@bottom 5 % is above P@top 5 %.",
        source: "slides; release of Ning et al. (.877 and .467 over three seeds)",
        tested: "stored P@bottom 5 % minus P@top 5 % by accuracy at epoch 1000, each seed",
        rule: Rule::Above(0.0),
        measure: |evidence| nb201_bottom_over_top(&evidence.authors()?),
    },
    Claim {
        id: "nb201-loss-top",
        space: NB201,
        claim: "The one-shot loss finds more of the best architectures than the accuracy.",
        source: "release of Ning et al. (.534 and .467 over three seeds)",
        tested: "stored P@top 5 % by loss minus that by accuracy at epoch 1000, each seed",
        rule: Rule::Above(0.0),
        measure: |evidence| nb201_loss_top(&evidence.authors()?),
    },
    Claim {
        id: "nb201-loss-over-accuracy",
        space: NB201,
        claim: "As on NAS-Bench-301, the one-shot loss ranks better than the accuracy.",
        source: "ours: the claim about NAS-Bench-301 applied to NAS-Bench-201 (.731 and .744 in the release)",
        tested: "stored tau-b by loss minus that by accuracy at epoch 1000, each seed",
        rule: Rule::Above(0.0),
        measure: |evidence| nb201_loss_over_accuracy(&evidence.authors()?),
    },
    Claim {
        id: "nb201-one-shot-over-params",
        space: NB201,
        claim: "The one-shot estimator ranks better than #Params.",
        source: "slides (.766 and .606)",
        tested: "stored tau-b by accuracy at epoch 1000 minus that of #Params, each seed",
        rule: Rule::Above(0.0),
        measure: |evidence| nb201_over_params(&*evidence.table(Source::Nb201)?, &evidence.authors()?),
    },
    Claim {
        id: "nb201-one-shot-slide",
        space: NB201,
        claim: "A supernet ranks with tau-b .766, the value of the slides.",
        source: "slides, against every stored checkpoint of the release",
        tested: "greatest stored tau-b of any seed, checkpoint and score",
        rule: Rule::Published(5e-4),
        measure: |evidence| nb201_slide(&evidence.authors()?),
    },
];

fn absent(what: &str) -> Trouble {
    missing(&format!("{what} in the authors' criteria"))
}

fn number(value: &Value, key: &str) -> Result<f64, Trouble> {
    value[key].as_f64().ok_or_else(|| absent(key))
}

/// The stored lines of a criterion for several K. Each line begins with K.
fn lines(value: &Value, key: &str) -> Result<Vec<Vec<f64>>, Trouble> {
    serde_json::from_value(value[key].clone()).map_err(|_| absent(key))
}

/// Stored P@top and P@bottom at 5 %.
fn at_5(value: &Value) -> Result<[f64; 2], Trouble> {
    match lines(value, "P@tbK")?.iter().find(|line| line.first() == Some(&0.05)).map(Vec::as_slice) {
        Some(&[_, _, top, bottom, ..]) => Ok([top, bottom]),
        _ => Err(absent("P@tbK")),
    }
}

/// Compares the stored criteria of NAS-Bench-301 with our criteria of the same scores. `wanted` has the columns, each with the exact truth
/// (`true`) or the rounded one. `visit` gets the place, our criteria and theirs. Returns the number of comparisons.
fn each_nb301(
    panel: &Scored,
    authors: &Value,
    wanted: &[(&str, bool)],
    mut visit: impl FnMut(&str, &Criteria, &Value) -> Result<(), Trouble>,
) -> Result<usize, Trouble> {
    let config = CriteriaConfig {
        fractions: vec![0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0],
        ranking_fractions: vec![0.01, 0.05, 0.1, 0.2],
        resamples: 0,
        ..CriteriaConfig::default()
    };
    let sparse = rounded(&panel.truth);
    let mut compared = 0;
    for (column, name) in SCORES {
        for seed in panel.seeds(column) {
            for epoch in panel.epochs(column) {
                let stored = &authors[format!("nb301_s{seed}")][format!("derived_bs{seed}/{epoch}.pkl")];
                for &(_, whole) in wanted.iter().filter(|(of, _)| *of == column && stored.is_object()) {
                    let (truth, key) = if whole { (&panel.truth, "non_sparse") } else { (&sparse, "sparse") };
                    let scores = panel.at(column, seed, epoch)?;
                    let ours = evaluate(truth, scores, &config, Seed::root(0)).map_err(Trouble::criteria)?;
                    visit(&format!("seed {seed}, epoch {epoch}, {name}, {key}"), &ours, &stored[key][name])?;
                    compared += 1;
                }
            }
        }
    }
    if compared == 0 { Err(absent("checkpoint of ours")) } else { Ok(compared) }
}

fn correlations(panel: &Scored, authors: &Value) -> Result<Measured, Trouble> {
    let mut greatest = (0.0, "nowhere".to_owned());
    let wanted = SCORES.map(|(column, _)| [(column, true), (column, false)]).concat();
    let compared = each_nb301(panel, authors, &wanted, |place, ours, theirs| {
        for (value, key) in [(ours.kendall.tau_b, "kd"), (ours.spearman, "spearmanr"), (ours.pearson.value, "linear")] {
            let difference = (value.ok_or_else(|| absent(key))? - number(theirs, key)?).abs();
            if difference > greatest.0 {
                greatest = (difference, format!("{key}, {place}"));
            }
        }
        Ok(())
    })?;
    Ok(vec![
        Figure::tested(format!("greatest difference ({})", greatest.1), greatest.0),
        Figure::shown("records compared", 3.0 * compared as f64),
    ]
    .into())
}

fn ends(panel: &Scored, authors: &Value) -> Result<Measured, Trouble> {
    let (mut differing, mut values) = (0, 0);
    each_nb301(panel, authors, &[("oneshot_loss", true)], |_, ours, theirs| {
        let precision: Vec<Vec<f64>> =
            ours.precision.iter().map(|at| vec![at.fraction, at.count as f64, at.top, at.bottom]).collect();
        let ranks = ours.ranking.iter();
        let ranking: Vec<Vec<f64>> =
            ranks.map(|at| vec![at.fraction, at.best_rank as f64, at.best, at.worst_rank as f64, at.worst]).collect();
        for (ours, theirs) in [(precision, lines(theirs, "P@tbK")?), (ranking, lines(theirs, "BWR@K")?)] {
            values += ours.iter().map(Vec::len).sum::<usize>();
            differing += ours.len().abs_diff(theirs.len());
            for (ours, theirs) in ours.iter().zip(&theirs) {
                differing += ours.iter().zip(theirs).filter(|(ours, theirs)| ours != theirs).count();
            }
        }
        Ok(())
    })?;
    Ok(vec![Figure::tested("differing", f64::from(differing as u32)), Figure::shown("compared", values as f64)].into())
}

/// The stored zero-shot tau-b with the most batches, as the mean over the initialisation seeds. That of `plain` is negated.
fn zero_shot(authors: &Value, estimator: &str) -> Result<f64, Trouble> {
    let seeds = authors["nb301_zeroshot"].as_object().ok_or_else(|| absent("zero-shot estimator"))?;
    let of = |seed: &Value| number(&seed["5"][format!("oneshot_{estimator}")], "kd");
    let values = seeds.values().map(of).collect::<Result<Vec<_>, _>>()?;
    let tau = mean(&values);
    Ok(if estimator == "plain" { -tau } else { tau })
}

fn zero_shot_slide(authors: &Value) -> Result<Measured, Trouble> {
    Ok(vec![
        Figure::tested("tau-b, synflow", zero_shot(authors, "synflow")?).beside(published::NB301_SYNFLOW_TAU),
        Figure::tested("tau-b, plain", zero_shot(authors, "plain")?).beside(published::NB301_PLAIN_TAU),
    ]
    .into())
}

fn zero_shot_under_params(panel: &Scored, authors: &Value) -> Result<Measured, Trouble> {
    let params = panel.tau(panel.plain("params")?)?;
    let mut figures = Vec::new();
    for estimator in ["grad_norm", "snip", "plain", "grasp", "fisher", "jacob_cov", "synflow", "synflow_bn"] {
        let tau = zero_shot(authors, estimator)?;
        figures.push(Figure::tested(format!("difference, {estimator}"), params - tau));
    }
    figures.push(Figure::shown("tau-b of #Params", params));
    Ok(figures.into())
}

/// The seeds of NAS-Bench-201 with stored criteria.
const NB201_SEEDS: [u32; 2] = [20, 2020];

/// The stored checkpoint of a seed at an epoch.
fn nb201(authors: &Value, seed: u32, epoch: u32) -> &Value {
    &authors[format!("nb201_s{seed}")][format!("deiso_plateaulr_seed{seed}/{epoch}.yaml")]
}

fn nb201_bottom_over_top(authors: &Value) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for seed in NB201_SEEDS {
        let [top, bottom] = at_5(&nb201(authors, seed, 1000)["oneshot_acc"])?;
        figures.push(Figure::tested(format!("difference, seed {seed}"), bottom - top));
        figures.push(Figure::shown(format!("P@top 5 %, seed {seed}"), top));
        figures.push(Figure::shown(format!("P@bottom 5 %, seed {seed}"), bottom));
    }
    Ok(figures.into())
}

fn nb201_loss_top(authors: &Value) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for seed in NB201_SEEDS {
        let at = nb201(authors, seed, 1000);
        let (accuracy, loss) = (at_5(&at["oneshot_acc"])?[0], at_5(&at["oneshot_loss"])?[0]);
        figures.push(Figure::tested(format!("difference, seed {seed}"), loss - accuracy));
    }
    Ok(figures.into())
}

fn nb201_loss_over_accuracy(authors: &Value) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for seed in NB201_SEEDS {
        let at = nb201(authors, seed, 1000);
        let (accuracy, loss) = (number(&at["oneshot_acc"], "kd")?, number(&at["oneshot_loss"], "kd")?);
        figures.push(Figure::tested(format!("difference, seed {seed}"), loss - accuracy));
    }
    Ok(figures.into())
}

fn nb201_over_params(panel: &Scored, authors: &Value) -> Result<Measured, Trouble> {
    let params = panel.tau(panel.plain("params")?)?;
    let mut figures = Vec::new();
    for seed in NB201_SEEDS {
        let tau = number(&nb201(authors, seed, 1000)["oneshot_acc"], "kd")?;
        figures.push(Figure::tested(format!("difference, seed {seed}"), tau - params));
    }
    Ok(figures.into())
}

fn nb201_slide(authors: &Value) -> Result<Measured, Trouble> {
    let mut found = Vec::new();
    for seed in NB201_SEEDS {
        for epoch in (40..=1000).step_by(40) {
            for (_, name) in SCORES {
                let tau = number(&nb201(authors, seed, epoch)[name], "kd")?;
                found.push((format!("seed {seed}, epoch {epoch}, {name}"), tau));
            }
        }
    }
    let greatest = range("tau-b", &found).pop().map(|figure| figure.beside(published::NB201_ONE_SHOT_TAU_SLIDE));
    Ok(Measured::noted(
        greatest.into_iter().collect(),
        "the value of the slides may be that of an ensemble of three, whose scores are not published",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::panel::made_up::*;
    use super::super::testing::both_ways;
    use super::*;

    /// A panel with both scores, and the authors' file for it.
    fn published(rows: usize) -> (Scored, Value) {
        let columns: Vec<MadeUp<'_>> = SCORES.map(|(column, _)| (column, Some(("20", 100)), partly(rows, 30))).to_vec();
        let truth: Vec<f64> = rising(rows).into_iter().map(|row| row / 1000.0).collect();
        let mut panel = scored(&truth, &columns);
        panel.columns.push(super::super::panel::Column::plain("params", partly(rows, 10)));
        let mut truths = serde_json::Map::new();
        // The stored criteria are our own, because this is a test of the comparison and not of the criteria.
        let all = SCORES.map(|(column, _)| [(column, true), (column, false)]).concat();
        let stub = json!({"nb301_s20": {"derived_bs20/100.pkl": {}}});
        each_nb301(&panel, &stub, &all, |place, ours, _| {
            let place: Vec<&str> = place.split(", ").collect();
            let precision: Vec<_> = ours.precision.iter().map(|at| json!([at.fraction, at.count, at.top, at.bottom, 0.0, 0.0])).collect();
            let ranking: Vec<_> =
                ours.ranking.iter().map(|at| json!([at.fraction, at.best_rank, at.best, at.worst_rank, at.worst])).collect();
            let stored = json!({
                "kd": ours.kendall.tau_b, "spearmanr": ours.spearman, "linear": ours.pearson.value, "P@tbK": precision, "BWR@K": ranking,
            });
            let entry = truths.entry(place[3]).or_insert_with(|| json!({}));
            entry[place[2]] = stored;
            Ok(())
        })
        .unwrap();
        (panel, json!({"nb301_s20": {"derived_bs20/100.pkl": truths}}))
    }

    fn zero_shots(plain: f64, other: f64) -> Value {
        let others = ["grad_norm", "snip", "grasp", "fisher", "jacob_cov", "synflow", "synflow_bn"];
        let mut seed: serde_json::Map<String, Value> =
            others.iter().map(|name| (format!("oneshot_{name}"), json!({ "kd": other }))).collect();
        seed.insert("oneshot_plain".to_owned(), json!({ "kd": plain }));
        json!({"nb301_zeroshot": {"a": {"5": seed}, "b": {"5": seed}}})
    }

    /// The stored criteria of NAS-Bench-201, with this tau-b, P@top and P@bottom of accuracy and loss at every checkpoint.
    fn stored(accuracy: [f64; 3], loss: [f64; 3]) -> Value {
        let of = |[kd, top, bottom]: [f64; 3]| json!({"kd": kd, "P@tbK": [[0.01, 1, 0, 0], [0.05, 10, top, bottom]]});
        let mut all = json!({});
        for seed in NB201_SEEDS {
            for epoch in (40..=1000).step_by(40) {
                all[format!("nb201_s{seed}")][format!("deiso_plateaulr_seed{seed}/{epoch}.yaml")] =
                    json!({"oneshot_acc": of(accuracy), "oneshot_loss": of(loss)});
            }
        }
        all
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        let (panel, authors) = published(400);
        let mut other = authors.clone();
        for truth in ["non_sparse", "sparse"] {
            let stored = &mut other["nb301_s20"]["derived_bs20/100.pkl"][truth]["oneshot_loss"];
            stored["kd"] = json!(stored["kd"].as_f64().unwrap() + 2e-6);
            stored["BWR@K"][2][2] = json!(0.5);
        }
        let params = panel.tau(panel.plain("params").unwrap()).unwrap();
        let good = stored([params + 0.01, 0.4, 0.6], [params, 0.5, 0.5]);
        let bad = stored([params - 0.01, 0.6, 0.5], [params, 0.5, 0.5]);
        both_ways(
            CLAIMS,
            vec![
                ("nb301-authors-correlations", correlations(&panel, &authors), correlations(&panel, &other)),
                ("nb301-authors-ends", ends(&panel, &authors), ends(&panel, &other)),
                (
                    "nb301-zero-shot-slide",
                    zero_shot_slide(&zero_shots(-0.394, 0.201)),
                    zero_shot_slide(&zero_shots(0.394, 0.201)),
                ),
                (
                    "nb301-zero-shot-under-params",
                    zero_shot_under_params(&panel, &zero_shots(0.999, 0.2)),
                    zero_shot_under_params(&panel, &zero_shots(-1.0, 0.2)),
                ),
                ("nb201-bottom-over-top", nb201_bottom_over_top(&good), nb201_bottom_over_top(&bad)),
                ("nb201-loss-top", nb201_loss_top(&good), nb201_loss_top(&bad)),
                ("nb201-loss-over-accuracy", nb201_loss_over_accuracy(&bad), nb201_loss_over_accuracy(&good)),
                ("nb201-one-shot-over-params", nb201_over_params(&panel, &good), nb201_over_params(&panel, &bad)),
                (
                    "nb201-one-shot-slide",
                    nb201_slide(&stored([0.766, 0.0, 0.0], [0.7, 0.0, 0.0])),
                    nb201_slide(&stored([0.76, 0.0, 0.0], [0.7, 0.0, 0.0])),
                ),
            ],
        );
        assert!(matches!(ends(&panel, &json!({})), Err(Trouble::Missing(_))));
        assert!(matches!(nb201_slide(&json!({})), Err(Trouble::Missing(_))));
    }

    /// Seven precisions with four numbers each, and four rankings with five: of a thousand architectures the least fraction holds one.
    #[test]
    fn every_stored_value_is_compared_and_each_that_differs_counts() {
        let (panel, authors) = published(1000);
        let counts = |authors: &Value| -> Vec<f64> {
            ends(&panel, authors).unwrap().figures.iter().map(|figure| figure.ours.unwrap()).collect()
        };
        assert_eq!(counts(&authors), [0.0, 48.0]);
        let with = |change: &dyn Fn(&mut Value)| {
            let mut other = authors.clone();
            change(&mut other["nb301_s20"]["derived_bs20/100.pkl"]["non_sparse"]["oneshot_loss"]);
            counts(&other)[0]
        };
        let pop = |stored: &mut Value, key: &str| drop(stored[key].as_array_mut().unwrap().pop());
        assert_eq!(with(&|stored| pop(stored, "P@tbK")), 1.0, "a line of the precisions is missing");
        assert_eq!(with(&|stored| pop(stored, "BWR@K")), 1.0, "a line of the rankings is missing");
        let wrong = with(&|stored| {
            (stored["P@tbK"][0][2], stored["P@tbK"][3][3], stored["BWR@K"][2][1]) = (json!(2), json!(2), json!(2000));
        });
        assert_eq!(wrong, 3.0);
        let correlated = correlations(&panel, &authors).unwrap().figures;
        let numbers: Vec<Option<f64>> = correlated.iter().map(|figure| figure.ours).collect();
        assert_eq!(numbers, [Some(0.0), Some(12.0)], "three correlations of two scores against two truths");
    }
}
