//! The JSON report: every number of a panel, without rounding.

use super::*;

#[test]
fn the_json_report_rounds_nothing() {
    let record = record();
    let report: serde_json::Value = serde_json::from_str(&json(&record, None).unwrap()).unwrap();
    let (panel, shown) = (&record.panels[0], &report["summary"][0]);
    for (place, row) in panel.estimators.iter().enumerate() {
        let found = &shown["estimators"][place];
        let [best_1, best_5, worst_5] = rankings(row);
        let ends: Vec<f64> =
            found["ends"].as_array().unwrap().iter().map(|end| end["value"].as_f64().unwrap()).collect();
        assert_eq!(ends, [top(row), bottom(row), best_1, best_5, worst_5]);
        assert_eq!(found["tau_b"].as_f64(), row.criteria.kendall.tau_b);
        assert_eq!(found["spearman"].as_f64(), row.criteria.spearman);
        assert_eq!(found["published_tau_b"].as_f64(), published_tau(row));
        let interval = row.criteria.kendall.interval.unwrap();
        assert_eq!(found["interval"], serde_json::json!([interval.lower, interval.upper]));
        assert_eq!(found["top_counts"], top::json(row));
        assert_eq!(found["non_finite"], row.criteria.non_finite.total());
    }
    let rows = panel.estimators.iter().flat_map(|row| row.published.iter().map(move |published| (row, published)));
    for ((row, published), found) in rows.zip(shown["published"].as_array().unwrap()) {
        let ours = if published.criterion == Criterion::TauB { row.criteria.kendall.tau_b.unwrap() } else { top(row) };
        assert_eq!(found["ours"].as_f64(), Some(ours));
        let difference = published.differs.is_empty().then_some(ours - published.value);
        assert_eq!(found["difference"].as_f64(), difference);
        assert_eq!(found["differs"], serde_json::json!(published.differs));
    }
}
