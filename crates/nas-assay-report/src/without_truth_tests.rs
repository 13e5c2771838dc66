//! Reports of a record without a truth.

use nas_assay_schema::store::record::{EstimatorRecord, Record};

use crate::value_text::{fixed, significant};
use crate::{Diff, Format, fixture, terminal, without_truth};

/// Every report shows how well the last rankings agree, and what the scores are like.
#[test]
fn every_report_shows_the_agreement_of_every_two_rankings() {
    let record = fixture::without_truth(60);
    let reports = [
        terminal(&record, None, 200),
        Format::Markdown.render(&record, None).unwrap(),
        Format::Html.render(&record, None).unwrap().replace('−', "-"),
    ];
    let panel = &record.panels[0];
    let last: Vec<&EstimatorRecord> =
        crate::checkpoints::latest(&panel.estimators).into_iter().map(|place| &panel.estimators[place]).collect();
    assert!(last.len() > 4 && last.len() < panel.estimators.len());
    let known = without_truth::by_labels(panel);
    let mut pairs = 0;
    for (place, one) in last.iter().enumerate() {
        for other in &last[..place] {
            let found = known[&(one.label().as_str(), other.label().as_str())];
            let tau = fixed(found.agreement.tau_b.unwrap(), 3);
            assert!(reports.iter().all(|report| report.contains(&tau)), "{tau}");
            pairs += 1;
        }
        let finite = one.scores.iter().map(|score| score.value()).filter(|value| value.is_finite());
        for end in [finite.clone().reduce(f64::min), finite.reduce(f64::max)] {
            let end = significant(end.unwrap());
            assert!(reports.iter().all(|report| report.contains(&end)), "{end} of {}", one.label());
        }
    }
    assert_eq!(pairs, last.len() * (last.len() - 1) / 2);
}

#[test]
fn no_report_speaks_of_a_truth_that_is_not_there() {
    let record = fixture::without_truth(60);
    let text = terminal(&record, None, 200);
    assert!(text.contains("Truth: none: scores are compared with each other.\n"), "{text}");
    assert!(text.contains("No tau-b and no Spearman, because there is no truth: all estimators.\n"), "{text}");
    for word in ["95 % interval", "Against the baselines", "Bias", "published", "--data-root"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    let page = Format::Html.render(&record, None).unwrap();
    for word in ["<h3>Ranks</h3>", "Cost against quality", "How well each estimator ranks", "truly best, and"] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains("Two rankings can agree and both be wrong."));
}

#[test]
fn tables_for_programs_have_the_agreement_and_no_truth() {
    let record = fixture::without_truth(60);
    let table = Format::Csv.render(&record, None).unwrap();
    let mut reader = ::csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let panel = &record.panels[0];
    let agreements = rows.iter().filter(|row| row[8].starts_with("agreement with ")).count();
    assert_eq!(agreements, panel.analyses.agreement.len());
    let first = &panel.analyses.agreement[0];
    let found = rows.iter().find(|row| row[3] == first.estimator && row[8] == format!("agreement with {}", first.with));
    assert_eq!(found.unwrap()[10].parse::<f64>().unwrap(), first.agreement.tau_b.unwrap());
    let undefined =
        rows.iter().filter(|row| &row[8] == "tau_b").all(|row| row[10].is_empty() && &row[16] == "no-truth");
    assert!(undefined);
    let scores = crate::score_table(&record).unwrap();
    let mut reader = ::csv::Reader::from_reader(scores.as_bytes());
    assert!(reader.records().all(|row| row.unwrap()[1].is_empty()));
    let pinned = crate::golden::pinned(&record);
    assert!(!pinned.contains("truth.") && pinned.contains(".P@top0.05 = "), "{pinned}");
}

#[test]
fn a_record_is_read_only_if_all_of_it_has_a_truth_or_nothing_has() {
    let whole = fixture::without_truth(24);
    let read = |record: &Record| Record::from_json(&record.to_json().unwrap()).map_err(|error| error.to_string());
    assert_eq!(read(&whole).as_ref(), Ok(&whole));
    let mut odd = whole.clone();
    odd.panels[0].architectures[3].truth = Some(0.5);
    assert!(read(&odd).unwrap_err().contains("has a true value, and the record has no truth"));
    let mut odd = fixture::whole(24);
    assert_eq!(read(&odd).as_ref(), Ok(&odd));
    odd.panels[0].architectures[3].truth = None;
    assert!(read(&odd).unwrap_err().contains("has no true value"));
    let mut odd = fixture::whole(24);
    odd.panels[0].estimators[1].criteria = whole.panels[0].estimators[1].criteria.clone();
    assert!(read(&odd).unwrap_err().contains("no truth to rank by, and the record has one"));
    let mut odd = whole.clone();
    odd.panels[0].estimators[1].criteria = fixture::whole(24).panels[0].estimators[1].criteria.clone();
    assert!(read(&odd).unwrap_err().contains("judged without a truth"));
}

/// Only one of them has a truth: that is a difference of the specs, and no value moved.
#[test]
fn a_truth_that_one_record_lacks_is_no_value_that_moved() {
    let (with, without) = (fixture::whole(24), fixture::without_truth(24));
    let diff = Diff::new(&with, &without);
    assert_eq!(diff.panels[0].truth.moved, 0);
    assert!(!diff.text(80).contains("inf"));
}
