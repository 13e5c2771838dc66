//! Tests of the sections of a panel.

use nas_assay_criteria::Verdict;
use nas_assay_schema::store::record::PanelRecord;

use super::sections;
use crate::html::section::Section;
use crate::true_values::TrueValues;
use crate::{fixture, value_text};

fn panel() -> PanelRecord {
    fixture::whole(240).panels.remove(0)
}

fn titles(space: &str, panel: &PanelRecord) -> Vec<&'static str> {
    sections("p", space, panel, TrueValues::ACCURACIES).iter().map(|section| section.title).collect()
}

fn find(panel: &PanelRecord, title: &str) -> Section {
    sections("p", "nb201", panel, TrueValues::ACCURACIES).into_iter().find(|section| section.title == title).unwrap()
}

const ALL: [&str; 9] = [
    "Against the baselines",
    "Variants",
    "Agreement between estimators",
    "Over epochs",
    "From seed to seed",
    "Bias by complexity",
    "Bias by operation",
    "Cost against quality",
    "Architectures",
];

#[test]
fn a_part_is_there_where_the_record_has_the_facts_and_only_there() {
    assert_eq!(titles("nb201", &panel()), ALL);
    let without = |strip: fn(&mut PanelRecord)| {
        let mut panel = panel();
        strip(&mut panel);
        let left = titles("nb201", &panel);
        ALL.into_iter().filter(|title| !left.contains(title)).collect::<Vec<_>>()
    };
    assert_eq!(without(|panel| panel.analyses.comparisons.clear()), ["Against the baselines"]);
    assert_eq!(without(|panel| panel.analyses.variants.clear()), ["Variants"]);
    let two = |panel: &mut PanelRecord| panel.estimators.truncate(2);
    assert!(without(two).contains(&"Agreement between estimators"));
    assert_eq!(without(|panel| panel.analyses.spread.clear()), ["From seed to seed"]);
    let one_epoch = |panel: &mut PanelRecord| {
        panel.estimators.retain(|row| row.checkpoint.as_ref().is_none_or(|at| at.epoch == 40));
        panel.analyses.stability.clear();
    };
    assert_eq!(without(one_epoch), ["Over epochs"]);
    let each = |strip: fn(&mut nas_assay_schema::store::record::BiasRecord)| {
        let mut panel = panel();
        panel.estimators.iter_mut().for_each(|row| strip(&mut row.bias));
        let left = titles("nb201", &panel);
        ALL.into_iter().filter(|title| !left.contains(title)).collect::<Vec<_>>()
    };
    assert_eq!(each(|bias| bias.complexity.clear()), ["Bias by complexity"]);
    assert_eq!(each(|bias| bias.operations.clear()), ["Bias by operation"]);
    assert_eq!(
        without(|panel| panel.architectures.iter_mut().for_each(|row| row.flops = Some(1))),
        ["Cost against quality"]
    );
    assert_eq!(titles("nb101", &panel()), ALL[..8], "texts of another space are not drawn");
}

#[test]
fn a_verdict_is_that_of_the_record() {
    let panel = panel();
    let section = find(&panel, "Against the baselines");
    let [latest] = section.tables.as_slice() else { panic!("no comparison is of an earlier checkpoint") };
    assert_eq!(latest.rows.len(), panel.analyses.comparisons.len());
    for (row, record) in latest.rows.iter().zip(&panel.analyses.comparisons) {
        assert!(record.estimator.starts_with(&row.name));
        let sign = match record.outcome.verdict {
            Verdict::Better => "▲ better",
            Verdict::Worse => "▼ worse",
            Verdict::Undecided => "undecided",
        };
        let interval = record.outcome.interval.unwrap();
        let bounds = [interval.lower, interval.upper].map(|bound| value_text::fixed(bound, 3).replace('-', "−"));
        assert_eq!(row.cells[0][0], sign);
        assert!(row.cells[0][1].ends_with(&format!(" [{}, {}]", bounds[0], bounds[1])), "{}", row.cells[0][1]);
    }
    let better = panel.analyses.comparisons.iter().filter(|record| record.outcome.verdict == Verdict::Better).count();
    let said = format!("Of the 4 estimators shown that are not baselines, {better} can be called better than params.");
    assert!(better > 0 && section.text.starts_with(&said), "{}", section.text);
}

#[test]
fn a_pruned_variant_has_a_table_of_what_it_kept() {
    let mut panel = panel();
    let section = find(&panel, "Variants");
    let kept = panel.analyses.variants[0].kept.clone().unwrap();
    let row = &section.tables[1].rows[0];
    assert_eq!(row.about, "120 of 240 kept");
    let tau = |value: Option<f64>| value_text::fixed(value.unwrap(), 3);
    assert_eq!(row.cells[0], [tau(kept.variant.tau_b), format!("own {}", tau(kept.own.tau_b))]);
    panel.analyses.variants[0].kept = None;
    assert_eq!(find(&panel, "Variants").tables.len(), 1);
}

#[test]
fn large_pictures_show_the_last_epoch_and_charts_show_all() {
    let panel = panel();
    for title in ["Bias by complexity", "Bias by operation", "Cost against quality"] {
        let section = find(&panel, title);
        assert_eq!(section.figures.len(), 7, "{title}");
        assert!(section.figures.iter().all(|figure| !figure.about.contains("epoch 20")), "{title}");
        assert!(section.text.ends_with("Only the last checkpoint of each supernet is shown."), "{title}");
    }
    let section = find(&panel, "Over epochs");
    assert_eq!(section.legend, [(0, "seed 20".to_owned()), (1, "seed 2020".to_owned())]);
    assert_eq!(section.figures.len(), 3);
    // Two seeds at two epochs: four intervals on two lines.
    let svg = &section.figures[0].picture;
    let spans = svg.split("class=\"whisker").skip(1).map(|rest| rest.split('>').next().unwrap().matches('M').count());
    assert_eq!(spans.collect::<Vec<_>>(), [2, 2]);
    let one_line = &section.tables[0].rows[0];
    let relative = panel.analyses.stability[0].stability.tau_b;
    assert_eq!(one_line.cells[0][0], "20 → 40");
    assert_eq!(one_line.cells[1][0], value_text::fixed(relative.unwrap(), 3));
}

#[test]
fn what_has_few_pairs_is_not_singled_out() {
    let mut panel = panel();
    for row in &mut panel.estimators {
        row.bias.operations.iter_mut().for_each(|change| change.pairs = 9);
    }
    let section = find(&panel, "Bias by operation");
    assert!(section.groups.is_empty() && section.figures.is_empty());
    assert!(
        section.text.contains("in nothing else. No exchange has 10 pairs: too few for a picture."),
        "{}",
        section.text
    );
    assert!(!section.tables[0].rows.is_empty());
    for row in &mut panel.estimators {
        row.bias.operations[0].pairs = 10;
    }
    let section = find(&panel, "Bias by operation");
    assert!(!section.figures.is_empty());
    assert!(section.figures.iter().all(|figure| figure.picture.matches("shade").count() == 1));
}

#[test]
fn a_drawing_says_where_its_architecture_stands() {
    let panel = panel();
    let section = find(&panel, "Architectures");
    assert_eq!((section.figures.len(), section.groups.len()), (3, 7));
    let standing = &panel.estimators[0].bias.extremes.over_estimated[0];
    let figure = &section.groups[0].rows[1].1[0];
    assert!(
        figure
            .about
            .starts_with(&format!("Rank {} by score, {} in truth", standing.estimated_rank, standing.true_rank))
    );
    assert_eq!(figure.value, value_text::percentage(standing.truth).replace(' ', "\u{a0}"));
    assert!(figure.picture.contains(&format!("aria-label=\"{}\"", panel.architectures[standing.row].architecture)));
}

#[test]
fn many_operations_have_a_table_and_no_matrix() {
    let mut panel = panel();
    for row in &mut panel.estimators {
        let change = row.bias.operations[0].clone();
        row.bias.operations = (0..9)
            .map(|place| {
                let (from, to) = (format!("depth {place}"), "depth 9".to_owned());
                nas_assay_criteria::ChangeBias { from, to, ..change.clone() }
            })
            .collect();
    }
    let section = find(&panel, "Bias by operation");
    assert!(section.figures.is_empty());
    assert_eq!(section.tables[0].rows.len(), 9);
}
