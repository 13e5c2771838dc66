//! The pages of invented records.

use std::collections::BTreeSet;

use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::truth::runs::NoRuns;

use super::made::Made;
use super::*;
use crate::{Beside, Format, Worth, fixture};

fn linted(record: &nas_assay_schema::store::record::Record, with: With<'_>) -> Lint {
    let worth = Worth::of(record, Err(&NoRuns::One));
    let formulas = &["params", "flops", "relu_count", "synflow", "jacob_cov", "plain", "oneshot_loss"];
    Lint::of(record, Beside { worth: Some(&worth), ..Beside::default() }, With { formulas, ..with })
}

/// The lints of the claim `mine` that fail or warn.
fn against(made: &Made) -> BTreeSet<&'static str> {
    let stands = |id: &&'static str| matches!(made.find(id).verdict, Verdict::Fail | Verdict::Warn);
    all().map(|[id, ..]| id).filter(stands).collect()
}

#[test]
fn what_breaks_one_lint_breaks_no_other() {
    let good = || {
        let mut made = Made::noisy(300, 0.3);
        made.record_mut().spec["spec"]["truth"] = serde_json::json!({"nb201": {}});
        made
    };
    assert_eq!(against(&good()), BTreeSet::new());
    let with = |change: fn(&mut Made)| {
        let mut made = good();
        change(&mut made);
        against(&made).into_iter().collect::<Vec<_>>()
    };
    let lost = with(|made| {
        let mut scores = made.scores();
        (0..4).for_each(|row| scores[75 * row] = f64::NAN);
        made.set_scores(scores);
    });
    assert_eq!(lost, ["L9"]);
    let saturated = with(|made| {
        let bound = 1.2;
        made.set_scores(made.scores().into_iter().map(|score| score.min(bound)).collect());
    });
    assert_eq!(saturated, ["L19"]);
    let floored = with(|made| made.set_scores(made.scores().into_iter().map(|score| score.max(-1.2)).collect()));
    assert_eq!(floored, ["L19"]);
    let copied = with(|made| {
        let scores = made.scores().into_iter().map(|score| 3.0 * score).collect();
        made.rival("copy", EstimatorKind::ZeroShot, scores);
    });
    assert_eq!(copied, ["L14"]);
    let twice = with(|made| {
        let first = made.record().panels[0].architectures[1].architecture.clone();
        made.architectures(vec![first]);
    });
    assert_eq!(twice, ["L20"]);
    let turned = with(|made| made.declare("direction = 'lower'"));
    assert_eq!(turned, ["L10"]);
    let first = with(|made| {
        made.of_file();
        let encodings = (0..300).filter_map(nas_assay_spaces::nb201::Architecture::at_benchmark_index);
        made.architectures(encodings.map(|cell| cell.to_string()).collect());
    });
    assert_eq!(first, ["L6"]);
}

#[test]
fn claims_are_the_estimators_that_are_no_baselines_each_once() {
    let record = fixture::whole(60);
    let lint = linted(&record, With::default());
    let names: Vec<&str> = lint.claims.iter().map(|claim| claim.estimator.as_str()).collect();
    // Of the supernets' last checkpoints the first; no variant, no baseline.
    assert_eq!(names, ["synflow", "jacob_cov", "plain", "oneshot_loss (seed 2020, epoch 40)"]);
    let one = |wanted| linted(&record, With { estimator: Some(wanted), ..With::default() }).claims.len();
    assert_eq!([one("params"), one("synflow (gaussian)"), one("nothing")], [1, 1, 0]);
    assert!(linted(&fixture::without_truth(40), With::default()).claims.is_empty());
}

#[test]
fn every_lint_is_on_every_page_and_the_worst_come_first() {
    let record = fixture::record(240);
    let lint = linted(&record, With { estimator: Some("jacob_cov"), ..With::default() });
    let claim = &lint.claims[0];
    assert_eq!(claim.findings.len(), 22);
    assert!(claim.findings.is_sorted_by_key(|found| found.verdict));
    let (text, pages) = (lint.text(100), Format::ALL.map(|format| lint.render(format).unwrap()));
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for found in &claim.findings {
        assert!(plain.contains(&format!("{} {}", found.id, found.name)), "{}", found.id);
        assert!(pages[..4].iter().all(|page| page.contains(found.name)), "{}", found.id);
        // A paper has what stands against a claim.
        let stands = matches!(found.verdict, Verdict::Fail | Verdict::Warn);
        assert_eq!(pages[4].contains(&format!("{}: {}", found.id, found.name)), stands, "{}", found.id);
    }
    let count = |verdict| claim.ids(verdict).len();
    assert!(text.starts_with(&format!("{} fail, {} warn, ", count(Verdict::Fail), count(Verdict::Warn))), "{text}");
    let last = text.rsplit_once("\n\n").unwrap().1.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(last, claim.line);
    assert!(last.starts_with("nas-assay lint 0.") && last.contains(", spec 3f2a9c1e, jacob_cov on nb201: "), "{last}");
    let json: serde_json::Value = serde_json::from_str(&pages[2]).unwrap();
    assert_eq!(json["claims"][0]["findings"][0]["verdict"], claim.findings[0].verdict.as_str());
    assert_eq!(pages[3].lines().count(), 1 + 22);
}

/// A record with the same claims in two panels.
fn two_panels() -> nas_assay_schema::store::record::Record {
    let mut record = fixture::whole(60);
    let mut second = record.panels[0].clone();
    second.name = "other_half".to_owned();
    record.panels.push(second);
    record
}

#[test]
fn claims_of_several_panels_are_told_apart() {
    let record = two_panels();
    let of = |panel| linted(&record, With { estimator: Some("plain"), panel, ..With::default() });
    let (both, one) = (of(None), of(Some("other_half")));
    assert_eq!((both.claims.len(), one.claims.len(), of(Some("nothing")).claims.len()), (2, 1, 0));
    assert!(one.text(100).contains("panel other_half") && !one.has_panels() && both.has_panels());
    let several = linted(&record, With::default()).text(200);
    let by_lint = several.lines().filter(|line| line.starts_with("FAIL") || line.starts_with("warn"));
    let named: Vec<&str> = by_lint.filter(|line| !line.ends_with(": all of them")).collect();
    assert!(!named.is_empty() && named.iter().all(|line| line.contains(" in ")), "{several}");
    assert!(several.contains(" in other_half"), "{several}");
    let [latex, html] = [Format::Latex, Format::Html].map(|format| both.render(format).unwrap());
    assert!(latex.contains("Claim & Panel & $\\tau_b$") && latex.contains("plain & other\\_half & "), "{latex}");
    assert!(html.contains("<th scope=\"col\">Panel</th>") && html.contains("<td data-label=\"Panel\">other_half</td>"));
    let [latex, html] = [Format::Latex, Format::Html].map(|format| one.render(format).unwrap());
    assert!(latex.contains("Claim & $\\tau_b$") && !html.contains(">Panel</th>"), "{latex}");
}

#[test]
fn a_table_for_a_paper_says_what_it_was_made_of() {
    let record = fixture::whole(60);
    let declared = Declaration::parse("labels-used = 0", "d.toml").unwrap();
    let options = ["--estimator plain", "--declaration d.toml"].map(str::to_owned);
    let with = With { estimator: Some("plain"), options: &options, declaration: Some(&declared), ..With::default() };
    let of = |sha256| linted(&record, With { declaration_sha256: sha256, ..with });
    let (named, other) = (of(Some("0123456789abcdef")), of(Some("f123456789abcdef")));
    assert!(named.claims[0].line.contains(", spec 3f2a9c1e, declaration 01234567, plain on nb201: "));
    assert!(of(None).claims[0].line.contains(", spec 3f2a9c1e, plain on nb201: "));
    assert_ne!(named.line(), other.line());
    let latex = named.render(Format::Latex).unwrap();
    assert!(
        latex.contains("% made by: nas-assay lint 3f2a9c1e --estimator plain --declaration d.toml --format latex\n")
    );
    assert!(latex.contains("\\label{tab:lint-3f2a9c1e}"), "{latex}");
}

#[test]
fn a_record_without_a_claim_says_why() {
    let with = |estimator, panel| With { estimator, panel, ..With::default() };
    let record = two_panels();
    let why = |estimator, panel| Nothing::why(&record, with(estimator, panel));
    assert_eq!(why(Some("nothing"), None), Nothing::Unknown);
    assert_eq!(Nothing::why(&fixture::without_truth(40), With::default()), Nothing::NoTruth);
    let mut baselines = record.clone();
    let mut variants = record.clone();
    for panel in &mut baselines.panels {
        panel.estimators.retain(|of| of.kind == EstimatorKind::Baseline);
    }
    for panel in &mut variants.panels {
        panel.estimators.retain(|of| of.kind == EstimatorKind::Baseline || of.variant.is_some());
    }
    assert_eq!(Nothing::why(&baselines, With::default()), Nothing::OnlyBaselines);
    let only = Nothing::OnlyVariants("synflow (gaussian)".to_owned());
    for asked in [None, Some("synflow")] {
        assert!(linted(&variants, with(asked, None)).claims.is_empty());
        assert_eq!(Nothing::why(&variants, with(asked, None)), only);
    }
    // The label that it gives is one that is found.
    assert_eq!(linted(&variants, with(Some("synflow (gaussian)"), Some("other_half"))).claims.len(), 1);
}

#[test]
fn a_page_keeps_to_its_width() {
    let record = fixture::whole(60);
    for estimator in [None, Some("plain")] {
        let lint = linted(&record, With { estimator, ..With::default() });
        for width in [40, 60, 80, 132] {
            let text = lint.text(width);
            let wide = text.lines().find(|line| line.chars().count() > usize::from(width));
            assert_eq!(wide, None, "{width}:\n{text}");
        }
    }
}

#[test]
fn no_page_passes_a_control_character_on() {
    let mut record = fixture::whole(60);
    record.title = "a\u{1b}[2J".to_owned();
    record.panels[0].name = "b\u{202e}".to_owned();
    record.panels[0].estimators[1].id = "c\u{7}<script>".to_owned();
    let declared =
        Declaration::parse("population = \"d\\u001b\"\nsample = 'all'\ntruth = \"e\\u0007\"", "d.toml").unwrap();
    let lint = linted(&record, With { declaration: Some(&declared), ..With::default() });
    let pages = Format::ALL.map(|format| lint.render(format).unwrap());
    for page in pages.iter().chain([&lint.text(80)]) {
        let wild = page.chars().find(|&letter| nas_assay_base::text::is_control(letter) && letter != '\n');
        assert_eq!(wild, None);
        assert!(page.contains("c\\u{7}") || page.contains("c\\\\u{7}"));
    }
    assert!(!pages[0].contains("<script>"));
}

#[test]
fn every_lint_has_an_id_a_name_and_sentences() {
    let ids: Vec<&str> = all().map(|[id, ..]| id).collect();
    let due: Vec<String> = (1..=22).map(|number| format!("L{number}")).collect();
    assert_eq!(ids, due);
    let names: BTreeSet<&str> = all().map(|[_, name, ..]| name).collect();
    assert_eq!(names.len(), 22);
    for [id, name, definition, threshold] in all() {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
        for text in [definition, threshold] {
            assert!(text.ends_with('.') && !text.contains("  "), "{id}: {text}");
        }
        assert!(definition.len() > 60 && (threshold.contains("Warns") || threshold.contains("Fails")), "{id}");
    }
}

#[test]
fn what_has_nothing_to_judge_passes_no_lint() {
    let kinds = [
        EstimatorKind::Baseline,
        EstimatorKind::ZeroShot,
        EstimatorKind::OneShot,
        EstimatorKind::Vote,
        EstimatorKind::External,
    ];
    for kind in kinds {
        let made = Made::unknown(kind);
        for [id, ..] in all() {
            let found = made.find(id);
            assert_eq!(found.verdict, Verdict::Undecidable, "{kind:?} {id}: {}", found.said);
            assert!(found.said.ends_with('.'), "{id}: {}", found.said);
        }
    }
}

#[test]
fn what_was_not_tested_is_said_and_passes_nothing() {
    let mut made = Made::noisy(300, 0.3);
    made.of_file();
    let found: Vec<Finding> = all().map(|[id, ..]| made.find(id)).collect();
    let untested = |found: &&Finding| found.said.starts_with("Not tested") || found.said.contains("is not known");
    let ids: Vec<&str> = found.iter().filter(untested).map(|found| found.id).collect();
    assert!(["L7", "L8", "L11", "L12", "L15", "L16", "L17", "L22"].iter().all(|id| ids.contains(id)), "{ids:?}");
    for found in found.iter().filter(untested) {
        assert_eq!(found.verdict, Verdict::Undecidable, "{}: {}", found.id, found.said);
    }
}

/// Readers have English as a second language.
#[test]
fn rules_are_in_short_sentences_of_plain_words() {
    let unclear = [
        "of the seed",
        "beside",
        "owed to",
        "holds zero",
        "hold zero",
        "otherwise",
        "stands against",
        " either way",
        "is met for",
    ];
    for [id, _, definition, threshold] in all() {
        assert!(definition.split_inclusive(['?', '.']).next().unwrap().ends_with('?'), "{id} asks nothing");
        for text in [definition, threshold] {
            assert!(unclear.iter().all(|words| !text.contains(words)), "{id}: {text}");
            for sentence in text.split_inclusive(['.', '?', ':']).filter(|part| !part.trim().is_empty()) {
                assert!(sentence.split_whitespace().count() <= 32, "{id}: {sentence}");
            }
        }
    }
}

#[test]
fn the_page_of_a_claim_at_80_columns() {
    let record = fixture::record(240);
    let lint = linted(&record, With { estimator: Some("synflow"), ..With::default() });
    insta::assert_snapshot!(lint.text(80));
}
