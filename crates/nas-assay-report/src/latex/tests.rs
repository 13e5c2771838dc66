//! Tests of the LaTeX of reports and boards: what is in the tables, and that TeX can read them whatever the names are.

use nas_assay_criteria::Verdict;
use nas_assay_schema::store::record::Checkpoint;
use nas_assay_schema::truth::runs::NoRuns;
use proptest::prelude::*;

use super::latex;
use crate::{Beside, Format, Leaderboard, Worth, fixture};

/// The rows of the `tabular`s of a file, as cells. Panics if it is not what TeX can read: an open group, formula or environment, a character
/// with a meaning in plain text, or a row with another number of columns than its table.
pub(crate) fn read(text: &str) -> Vec<Vec<String>> {
    let mut rest = text;
    let (mut open, mut groups, mut math) = (Vec::<String>::new(), 0usize, false);
    let (mut columns, mut cells, mut rows) = (0usize, vec![String::new()], Vec::new());
    // The argument in braces at the beginning.
    let argument = |text: &str| text.strip_prefix('{').and_then(|text| text.split_once('}')).unwrap().0.to_owned();
    while let Some(next) = rest.chars().next() {
        let mut taken = next.len_utf8();
        let in_table = open.last().is_some_and(|name| name == "tabular") && groups == 0;
        match next {
            '%' => taken = rest.find('\n').map_or(rest.len(), |end| end + 1),
            '\\' => {
                let name = rest[1..].chars().take_while(char::is_ascii_alphabetic).count();
                let command = &rest[1..=name.max(1)];
                taken = 1 + command.len();
                match command {
                    "begin" => {
                        let name = argument(&rest[taken..]);
                        taken += name.len() + 2;
                        if name == "tabular" {
                            let layout = argument(&rest[taken..]);
                            assert!(layout.chars().all(|column| matches!(column, 'l' | 'r')), "{layout}");
                            (columns, taken) = (layout.len(), taken + layout.len() + 2);
                            cells = vec![String::new()];
                        }
                        open.push(name);
                    }
                    "end" => {
                        let name = argument(&rest[taken..]);
                        taken += name.len() + 2;
                        assert_eq!(open.pop(), Some(name.clone()), "another environment ends");
                        assert!(groups == 0 && !math, "a group or a formula is open at the end of {name}");
                        let left: String = cells.concat();
                        let left = left.replace("\\bottomrule", "");
                        assert!(name != "tabular" || left.trim().is_empty(), "a row does not end: {left}");
                    }
                    "\\" => {
                        assert!(in_table && !math, "a row ends outside of a table, or inside a cell");
                        let row = std::mem::replace(&mut cells, vec![String::new()]);
                        let span = |cell: &String| {
                            let spanned =
                                cell.split_once("\\multicolumn{").map(|(_, rest)| rest.split_once('}').unwrap().0);
                            spanned.map_or(1, |columns| columns.parse::<usize>().unwrap())
                        };
                        assert_eq!(row.iter().map(span).sum::<usize>(), columns, "{row:?}");
                        rows.push(row.into_iter().map(|cell| plain(&cell)).collect());
                    }
                    _ => cells.last_mut().unwrap().push_str(&rest[..taken]),
                }
            }
            '&' => {
                assert!(in_table && !math, "a column ends outside of a row");
                cells.push(String::new());
            }
            '{' | '}' => {
                groups = if next == '{' {
                    groups + 1
                } else {
                    groups.checked_sub(1).expect("a group ends that never began")
                };
                cells.last_mut().unwrap().push(next);
            }
            '$' => {
                math = !math;
                cells.last_mut().unwrap().push(next);
            }
            '#' | '"' | '|' | '<' | '>' | '`' if !math => panic!("`{next}` is no text for TeX: {rest:.60}"),
            '^' | '_' => {
                assert!(math, "`{next}` outside of a formula: {rest:.60}");
                cells.last_mut().unwrap().push(next);
            }
            _ => cells.last_mut().unwrap().push(next),
        }
        rest = &rest[taken..];
    }
    assert!(open.is_empty() && groups == 0 && !math, "never ended: {open:?}, {groups} groups");
    rows
}

/// A cell without rules and white space around it.
fn plain(cell: &str) -> String {
    let mut cell = cell.trim();
    while let Some(rest) = ["\\toprule", "\\midrule"].iter().find_map(|rule| cell.strip_prefix(rule)) {
        cell = rest.trim_start();
    }
    cell.to_owned()
}

/// The rows of one name.
fn named<'a>(rows: &'a [Vec<String>], name: &str) -> Vec<&'a Vec<String>> {
    rows.iter().filter(|row| row[0] == name).collect()
}

#[test]
fn the_latex_report() {
    insta::assert_snapshot!(latex(&fixture::whole(240), None));
}

#[test]
fn the_latex_board() {
    let mut other = fixture::record(60);
    other.space = "nb101".to_owned();
    other.spec_hash = "5a".repeat(32);
    let board = Leaderboard::new(&[fixture::whole(240), other], true);
    insta::assert_snapshot!(board.render(Format::Latex).unwrap());
}

#[test]
fn runs_of_an_estimator_are_one_row() {
    let record = fixture::whole(60);
    let rows = read(&latex(&record, None));
    let found = named(&rows, "oneshot\\_loss");
    assert_eq!(found.len(), 1, "{rows:?}");
    let spread = &record.panels[0].analyses.spread[1].spread;
    let text = |value: f64| format!("{value:.3}").replacen("0.", ".", 1);
    let due = format!("{}}}\\,{{\\scriptstyle\\pm {}}}", text(spread.mean), text(spread.deviation.unwrap()));
    assert!(found[0][1].contains(&due), "{due} in {found:?}");
    assert_eq!(found[0][2], "{\\scriptsize 2 runs}");
    // Rho has no spread in the record: mean and deviation are of both runs.
    let rho: Vec<f64> =
        [7, 8].iter().map(|&place: &usize| record.panels[0].estimators[place].criteria.spearman.unwrap()).collect();
    let (mean, half) = (f64::midpoint(rho[0], rho[1]), (rho[0] - rho[1]).abs() / 2.0_f64.sqrt());
    assert!(found[0][3].contains(&text(mean)) && found[0][3].contains(&format!("\\pm {}", text(half))), "{found:?}");
    assert_eq!(named(&rows, "synflow (gaussian)").len(), 1);
}

#[test]
fn averages_are_rows_of_their_own() {
    let mut record = fixture::record(40);
    let panel = &mut record.panels[0];
    let one = panel.estimators.pop().unwrap();
    let with =
        |checkpoint| nas_assay_schema::store::record::EstimatorRecord { checkpoint: Some(checkpoint), ..one.clone() };
    let both = vec!["1".to_owned(), "2".to_owned()];
    panel.estimators.extend([
        with(Checkpoint::single("1", 40)),
        with(Checkpoint::single("2", 40)),
        with(Checkpoint { ensemble: both.clone(), ..Checkpoint::single("1", 40) }),
        with(Checkpoint { averaged: vec![30, 40], ..Checkpoint::single("1", 40) }),
        with(Checkpoint { averaged: vec![30, 40], ..Checkpoint::single("2", 40) }),
        with(Checkpoint { averaged: vec![30, 40], ensemble: both, ..Checkpoint::single("1", 40) }),
    ]);
    let rows = read(&latex(&record, None));
    let found: Vec<[&str; 2]> = rows
        .iter()
        .filter(|row| row[0].starts_with("oneshot"))
        .map(|row| [row[0].as_str(), if row[2].contains("runs") { "runs" } else { "one" }])
        .collect();
    let due = [
        ["oneshot\\_loss", "runs"],
        ["oneshot\\_loss (mean of scores)", "one"],
        ["oneshot\\_loss (mean weights)", "runs"],
        ["oneshot\\_loss (mean weights, mean of scores)", "one"],
    ];
    assert_eq!(found, due);
}

#[test]
fn signs_say_what_the_tests_with_the_best_baseline_say() {
    let mut record = fixture::whole(60);
    let verdicts = [Verdict::Better, Verdict::Undecided, Verdict::Worse];
    let panel = &mut record.panels[0];
    let mut second = panel.estimators[0].clone();
    second.id = "flops".to_owned();
    second.criteria.kendall.tau_b = Some(0.99);
    panel.estimators.insert(1, second);
    for (test, verdict) in panel.analyses.comparisons.iter_mut().zip(verdicts) {
        // Only the tests with the better of the two baselines count.
        test.with = "flops".to_owned();
        test.outcome.verdict = verdict;
    }
    let against_params = panel.analyses.comparisons[0].clone();
    panel.analyses.comparisons.push(nas_assay_schema::store::record::ComparisonRecord {
        with: "params".to_owned(),
        outcome: nas_assay_criteria::Comparison { verdict: Verdict::Worse, ..against_params.outcome },
        ..against_params
    });
    let text = latex(&record, None);
    let rows = read(&text);
    let sign = |name: &str| {
        let cell = &named(&rows, name)[0][1];
        let signs = [("\\dagger", "†"), ("\\ddagger", "‡")];
        signs.into_iter().find(|(sign, _)| cell.contains(&format!("^{{{sign}}}"))).map_or("", |(_, sign)| sign)
    };
    assert_eq!(["params", "flops", "synflow", "jacob\\_cov", "plain"].map(sign), ["", "", "", "†", "‡"]);
    for said in [
        "$\\dagger$: is not found better than flops, $\\ddagger$: is found worse than flops",
        "Some rows have no paired test with it, and no sign.",
    ] {
        assert!(text.contains(said), "{said}");
    }
}

#[test]
fn structural_baselines_are_rows_with_all_numbers() {
    let record = fixture::whole(240);
    let worth = Worth::of(&record, Err(&NoRuns::One));
    let beside = Beside { worth: Some(&worth), ..Beside::default() };
    let text = latex(&record, beside);
    let rows = read(&text);
    let mut count = 0;
    for (row, structure) in worth.panels[0].structures() {
        let found = named(&rows, &super::escape(&row.name));
        assert_eq!(found.len(), 1, "{}", row.name);
        let text = |value: f64| format!("{value:.3}").replace("0.", ".");
        assert!(found[0][1].contains(&text(row.tops[0].tau_b.unwrap())), "{found:?}");
        assert!(found[0][3].contains(&text(structure.spearman.unwrap())), "{found:?}");
        assert!(found[0].iter().all(|cell| cell != super::table::NONE), "{found:?}");
        count += 1;
    }
    assert!(count > 1);
    let board = Leaderboard::beside(std::slice::from_ref(&record), &[beside], false);
    let rows = read(&board.render(Format::Latex).unwrap());
    assert!(worth.panels[0].structures().all(|(row, _)| named(&rows, &super::escape(&row.name)).len() == 1));
}

#[test]
fn no_path_of_the_author_goes_into_a_paper() {
    let mut provenance = fixture::provenance();
    provenance.command = "nas-assay run /home/me/secret.toml".to_owned();
    let text = latex(&fixture::record(20), Some(&provenance));
    assert!(text.contains("% git commit: 164344a\n") && !text.contains("/home/me"), "{text}");
}

#[test]
fn a_criterion_that_no_row_has_is_no_column() {
    let mut record = fixture::record(40);
    let headings = |record: &nas_assay_schema::store::record::Record| -> Vec<String> {
        read(&latex(record, None)).into_iter().find(|row| row[0] == "Estimator").unwrap()
    };
    let all = headings(&record);
    for estimator in &mut record.panels[0].estimators {
        estimator.criteria.ranking.retain(|at| at.fraction != 0.01);
    }
    let left: Vec<String> = all.iter().filter(|heading| *heading != "BR@1\\,\\%").cloned().collect();
    assert_eq!((headings(&record), left.len()), (left.clone(), 7));
}

#[test]
fn a_panel_without_a_truth_is_a_comment() {
    let text = latex(&fixture::without_truth(40), None);
    assert!(read(&text).is_empty() && text.contains("% panel representatives: no table"), "{text}");
    assert!(text.lines().all(|line| line.is_empty() || line.starts_with('%')), "{text}");
}

#[test]
fn many_spaces_stand_in_several_parts() {
    let mut records = Vec::new();
    for space in ["nb101", "nb201", "nb301", "nds_resnet", "nds_resnext_a", "other"] {
        let mut record = fixture::record(24);
        record.space = space.to_owned();
        records.push(record);
    }
    let text = Leaderboard::new(&records, false).render(Format::Latex).unwrap();
    let rows = read(&text);
    let widths: Vec<usize> = named(&rows, "params").iter().map(|row| row.len()).collect();
    assert_eq!(widths, [1 + 1 + 8, 1 + 4]);
    assert_eq!(text.matches("\\begin{table}").count(), 1);
    assert!(Leaderboard::new(&[], false).render(Format::Latex).unwrap().lines().all(|line| line.starts_with('%')));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn names_of_any_characters_are_text(
        texts in prop::collection::vec(prop_oneof!["[\\\\{}$&#%_^~<>|`\"'*\\[\\]a0 -]{0,12}", any::<String>()], 8)
    ) {
        let mut record = fixture::whole(24);
        let panel = &mut record.panels[0];
        for (estimator, text) in panel.estimators.iter_mut().zip(&texts) {
            estimator.id = text.clone();
        }
        panel.estimators[4].variant = Some(texts[5].clone());
        panel.name = texts[6].clone();
        record.name = texts[5].clone();
        record.space = texts[7].clone();
        record.title = texts[0].clone();
        record.spec_hash = texts[1].clone();
        record.truth.as_mut().unwrap().source = texts[2].clone();
        let rows = read(&latex(&record, None));
        // Nine estimators, three of them of one name or two, and up to three headings of groups.
        prop_assert!(rows.len() >= 8, "{:?}", rows);
        let board = Leaderboard::new(std::slice::from_ref(&record), true);
        prop_assert!(read(&board.render(Format::Latex).unwrap()).len() >= board.rows.len());
    }
}
