use super::super::panel::Column;
use super::super::panel::made_up::*;
use super::super::testing::both_ways;
use super::*;
use crate::space::Architecture;
use crate::store::record::Checkpoint;

const ROWS: usize = 100;

/// Supernets with two seeds and five checkpoints from epoch 600 to 1000. `scores` gives the scores by estimator and epoch.
fn supernets(scores: impl Fn(&str, u32) -> Vec<f64>) -> Scored {
    let mut panel = scored(&rising(ROWS), &[("params", None, near(ROWS, 0.5)), ("table_flops", None, rising(ROWS))]);
    for estimator in [ACCURACY, LOSS] {
        for epoch in (600..=1000).step_by(100) {
            for seed in ["20", "2020"] {
                panel.columns.push(Column {
                    checkpoint: Some(Checkpoint::single(seed, epoch)),
                    ..Column::plain(estimator, scores(estimator, epoch))
                });
            }
        }
    }
    panel
}

fn constant(scores: &[f64]) -> Scored {
    supernets(|_, _| scores.to_vec())
}

fn by_score(accuracy: f64, loss: f64) -> Scored {
    supernets(|estimator, _| near(ROWS, if estimator == ACCURACY { accuracy } else { loss }))
}

/// Scores that find the worst (or best) 5 of 100 architectures, and rank the others in reverse order.
fn knows(bottom: bool) -> Vec<f64> {
    let known = |row: usize| if bottom { row < 5 } else { row >= 95 };
    let apart = if bottom { -1000.0 } else { 1000.0 };
    (0..ROWS).map(|row| if known(row) { row as f64 + apart } else { -(row as f64) }).collect()
}

/// Supernets with a perfect ranking at some epochs and a reverse one at the others.
fn changing(right: impl Fn(u32) -> bool) -> Scored {
    supernets(|_, epoch| if right(epoch) { rising(ROWS) } else { falling(ROWS) })
}

/// Two supernets with errors in different halves, so that their mean is better than each. Or a perfect one, and one with larger scores in
/// reverse order, so that their mean is worse.
fn differing(complementary: bool) -> Scored {
    let mut panel = constant(&rising(ROWS));
    let errs_below: Vec<f64> =
        (0..ROWS).map(|row| if row < 50 { 0.01 * (row * 37 % 50) as f64 } else { row as f64 }).collect();
    let errs_above: Vec<f64> =
        (0..ROWS).map(|row| if row < 50 { row as f64 } else { 50.0 + 0.01 * (row * 37 % 50) as f64 }).collect();
    let wrong: Vec<f64> = falling(ROWS).into_iter().map(|score| 10.0 * score).collect();
    for column in &mut panel.columns {
        let Some(checkpoint) = &column.checkpoint else { continue };
        column.scores = match (complementary, checkpoint.seed == "20") {
            (true, true) => errs_below.clone(),
            (true, false) => errs_above.clone(),
            (false, true) => rising(ROWS),
            (false, false) => wrong.clone(),
        };
    }
    panel
}

/// Two cells that differ in one operation, for each exchange in the claims. The truth and the score of the second cell are higher or lower.
fn cells(truth_rises: bool, score_rises: bool) -> Scored {
    let cell = |operation: &str, other: &str| {
        let edges = |first: &str| {
            format!("{first}:0>2;{other}:1>2;{other}:0>3;{other}:1>3;{other}:0>4;{other}:1>4;{other}:0>5;{other}:1>5")
        };
        Architecture::parse(SpaceId::Nb301, &format!("{}|{}", edges(operation), edges(other))).unwrap()
    };
    let mut panel = Scored::default();
    let mut scores = Vec::new();
    // The other operations differ between the exchanges, so that cells of different exchanges make no pairs.
    for (frame, (from, to)) in ["max_pool_3x3", "avg_pool_3x3", "sep_conv_5x5", "dil_conv_3x3"].into_iter().zip([
        ("skip_connect", "dil_conv_3x3"),
        ("skip_connect", "dil_conv_5x5"),
        ("sep_conv_3x3", "dil_conv_5x5"),
        ("sep_conv_5x5", "dil_conv_5x5"),
    ]) {
        for (operation, second) in [(from, false), (to, true)] {
            panel.architectures.push(cell(operation, frame));
            panel.truth.push(f64::from(u8::from(second == truth_rises)));
            scores.push(f64::from(u8::from(second == score_rises)));
        }
    }
    for estimator in [ACCURACY, LOSS] {
        let checkpoint = Some(Checkpoint::single("20", 1000));
        panel.columns.push(Column { checkpoint, ..Column::plain(estimator, scores.clone()) });
    }
    panel
}

#[test]
fn each_claim_can_hold_and_fail() {
    let (right, wrong) = (constant(&rising(ROWS)), constant(&falling(ROWS)));
    let (bottom, top) = (constant(&knows(true)), constant(&knows(false)));
    // One prefers cheap architectures early and ranks perfectly late, the other the reverse.
    let (shrinks, grows) = (changing(|epoch| epoch >= 800), changing(|epoch| epoch < 800));
    let (settled, unsettled) = (changing(|epoch| epoch >= 700), changing(|epoch| epoch < 1000));
    let differences = [(ACCURACY, 1000, [0.0; 5])];
    let pairs = [("skip_connect", "dil_conv_3x3", [1.0; 4])];
    let by_score_is = [(ACCURACY, [1.0; 3]), (LOSS, [1.0; 3])];
    let whole = [[-1.0, 0.0, 0.0], [1.0; 3], [1.0; 3], [1.0; 3]];
    let (over, under) = (cells(false, true), cells(true, false));
    let coarse = |tau: f64| {
        let mut panel = constant(&near(ROWS, tau));
        panel.truth.iter_mut().for_each(|truth| *truth /= 100.0);
        panel
    };
    let exact = tau(&rising(ROWS), &near(ROWS, 0.5)).unwrap();
    both_ways(
        CLAIMS,
        vec![
            (
                "nb301-loss-over-accuracy",
                loss_over_accuracy(&by_score(0.3, 0.4)),
                loss_over_accuracy(&by_score(0.4, 0.3)),
            ),
            ("nb301-bottom-over-top", bottom_over_top(&bottom, ACCURACY), bottom_over_top(&top, ACCURACY)),
            ("nb301-bottom-over-top-loss", bottom_over_top(&bottom, LOSS), bottom_over_top(&top, LOSS)),
            (
                "nb301-bottom-over-top-loss-mean",
                bottom_over_top_mean(&bottom, LOSS, [0.0; 2]),
                bottom_over_top_mean(&top, LOSS, [0.0; 2]),
            ),
            ("nb301-complexity", complexity_shrinks(&shrinks), complexity_shrinks(&grows)),
            (
                "nb301-complexity-figures",
                complexity_figures(&right, &differences),
                complexity_figures(&wrong, &differences),
            ),
            ("nb301-settles", settles(&settled, &[ACCURACY, LOSS]), settles(&unsettled, &[ACCURACY, LOSS])),
            ("nb301-settles-figures", settling_figures(&settled, whole), settling_figures(&right, whole)),
            ("nb301-ensemble", ensemble(&differing(true)), ensemble(&differing(false))),
            ("nb301-score-averages", score_averages(&changing(|epoch| epoch == 1000)), score_averages(&right)),
            ("nb301-operations", operations(&over), operations(&under)),
            (
                "nb301-operation-figures",
                operation_figures(&cells(true, true), &pairs),
                operation_figures(&over, &pairs),
            ),
            ("nb301-sparse", sparse(&coarse(0.5), [exact; 2]), sparse(&coarse(0.4), [exact; 2])),
            ("nb301-one-shot", one_shot(&right, &by_score_is), one_shot(&wrong, &by_score_is)),
            ("nb301-one-shot-slide", one_shot_slide(&[("a", &coarse(0.534))]), one_shot_slide(&[("a", &coarse(0.54))])),
            ("nb301-one-shot-over-params", over_params(&right), over_params(&wrong)),
        ],
    );
}

/// Two seeds that rank alike: only the difference of their mean is tested, that of each seed is shown.
#[test]
fn the_claim_over_params_is_about_the_mean_of_the_seeds() {
    let found = over_params(&constant(&rising(ROWS))).unwrap().figures;
    let tested: Vec<(&str, bool)> = found.iter().map(|figure| (figure.name.as_str(), figure.tested)).collect();
    assert_eq!(
        tested,
        [
            ("difference", true),
            ("tau-b of the mean loss", false),
            ("tau-b of #Params", false),
            ("difference, seed 20", false),
            ("difference, seed 2020", false),
        ]
    );
    let params = tau(&rising(ROWS), &near(ROWS, 0.5)).unwrap();
    let ours: Vec<f64> = found.iter().map(|figure| figure.ours.unwrap()).collect();
    assert_eq!(ours, [1.0 - params, 1.0, params, 1.0 - params, 1.0 - params]);
    assert!(found[3].interval.is_some() && found[3].interval == found[0].interval);
}

#[test]
fn a_published_difference_is_that_of_the_published_values() {
    let panel = constant(&rising(ROWS));
    let first = |found: Result<Measured, Trouble>| found.unwrap().figures[0].published.unwrap();
    assert!((first(over_params(&panel)) - 0.019).abs() < 1e-12, ".534 and .515");
    assert!((first(ensemble(&panel)) - 0.0139).abs() < 1e-12, ".5154 and .5015");
    assert_eq!(first(bottom_over_top_mean(&panel, LOSS, [0.25, 0.75])), 0.5);
}
