//! What a report says in sentences about ceilings and dead architectures.

use nas_assay_criteria::{Ceiling, Criterion};

use super::{Dead, KnownCeiling, PanelWorth};
use crate::value_text::{self, NONE, count, fixed};

/// The sentences about a panel.
pub(crate) fn lines(panel: &PanelWorth) -> Vec<String> {
    [Some(ceiling_line(panel)), panel.dead.as_ref().map(|dead| dead_ones(panel.architectures, *dead))]
        .into_iter()
        .flatten()
        .collect()
}

/// A share as text: `71 %`.
pub(crate) fn share(share: Option<f64>) -> String {
    share.map_or(NONE.to_owned(), |share| format!("{} %", fixed(100.0 * share, 0)))
}

/// What is attained where a tau-b is at least as high as that of another training.
pub(crate) const REACHED: &str = "all";

/// A share as text for the first table of a report: `71 %`, or `all` from 100 % on. Other tables have the number.
pub(crate) fn share_reached(of: Option<f64>) -> String {
    if of.is_some_and(|of| of >= 1.0) { REACHED.to_owned() } else { share(of) }
}

/// What is known of the noise ceiling.
pub(crate) fn ceiling_line(panel: &PanelWorth) -> String {
    let (names, truth_is_mean, ceiling) = match &panel.ceiling {
        KnownCeiling::Unknown(why) => return format!("Noise ceiling: unknown, because {why}."),
        KnownCeiling::Known { runs, truth_is_mean, ceiling } => (runs, *truth_is_mean, ceiling),
    };
    let Ceiling { runs, rows, tops } = ceiling;
    let of = if *rows == panel.architectures {
        format!("all {}", count(*rows))
    } else {
        format!("{} of {}", count(*rows), count(panel.architectures))
    };
    let whole = tops.first();
    let tau = |value: Option<f64>| value_text::value(Criterion::TauB, value);
    let single = tau(whole.and_then(|at| at.single));
    let rest = tau(whole.and_then(|at| at.rest));
    let reached = if *runs == 2 {
        format!("{single} with the other run")
    } else {
        format!("{single} with another run and {rest} with the mean of the others")
    };
    let shares = match (truth_is_mean, *runs) {
        (_, 2) => "A share is a tau-b divided by that",
        (true, _) => "A share is a tau-b divided by the one with the mean, since the truth is a mean",
        (false, _) => "A share is a tau-b divided by the one with another run, since the truth is one run",
    };
    format!(
        "Noise ceiling: {of} architectures have {runs} runs ({}). Over all of them, a run has a tau-b of {reached}. {shares}.",
        names.join(", ")
    )
}

fn dead_ones(architectures: usize, dead: Dead) -> String {
    let Dead { with_dead_operations, without_output, without_convolution } = dead;
    let are = |number: usize, one: &str, many: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{} {many}", count(number)) }
    };
    format!(
        "Dead architectures: of {}, {}, {}, and {}.",
        count(architectures),
        are(
            with_dead_operations,
            "has an operation that does not act on the output",
            "have an operation that does not act on the output"
        ),
        are(without_output, "has no output", "have no output"),
        are(without_convolution, "has no live convolution", "have no live convolution")
    )
}
