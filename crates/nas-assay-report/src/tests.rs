//! Tests of the reports on an invented record.

use nas_assay_schema::store::record::Record;

use super::estimator_check::SpaceCheck;
use super::*;

const WIDTHS: [u16; 4] = [40, 80, 120, 200];

#[test]
fn the_terminal_report_at_80_columns() {
    insta::assert_snapshot!(terminal(&fixture::whole(240), Some(&fixture::provenance()), 80));
}

#[test]
fn the_markdown_report() {
    insta::assert_snapshot!(markdown(&fixture::whole(240), None));
}

#[test]
fn the_csv_report() {
    let mut record = fixture::record(240);
    record.panels[0].estimators.truncate(2);
    record.panels[0].name = "a, \"b\"".to_owned();
    insta::assert_snapshot!(csv(&record).unwrap());
}

#[test]
fn analyses_are_rows_of_the_csv_report() {
    let record = fixture::whole(240);
    let panel = &record.panels[0];
    let text = csv(&record).unwrap();
    let rows: Vec<::csv::StringRecord> =
        ::csv::Reader::from_reader(text.as_bytes()).records().collect::<Result<_, _>>().unwrap();
    let value = |estimator: &str, criterion: &str| {
        let mut found = rows.iter().filter(|row| &row[3] == estimator && &row[8] == criterion);
        let row = found.next().unwrap_or_else(|| panic!("{estimator} has no {criterion}"));
        let at = [&row[4], &row[6], &row[7]].map(str::to_owned);
        (at, row[10].parse::<f64>().unwrap(), row[11].parse::<f64>().ok())
    };
    let at = |variant: &str, seed: &str, epoch: &str| [variant, seed, epoch].map(str::to_owned);
    let outcome = panel.analyses.comparisons[0].outcome;
    let lower = outcome.interval.map(|interval| interval.lower);
    assert_eq!(value("synflow", "tau_b less params"), (at("", "", ""), outcome.difference.unwrap(), lower));
    let agreement = panel.analyses.variants[0].agreement.unwrap();
    assert_eq!(value("synflow", "agreement with synflow"), (at("gaussian", "", ""), agreement, None));
    let kept = panel.analyses.variants[0].kept.as_ref().unwrap();
    let inside = value("synflow", "tau_b inside kept");
    assert_eq!(inside, (at("gaussian", "", ""), kept.variant.tau_b.unwrap(), None));
    assert_eq!(value("synflow", "tau_b inside kept of synflow").1, kept.own.tau_b.unwrap());
    assert_eq!(value("synflow", "architectures inside kept").1, 120.0);
    let spearman = &panel.estimators[1].criteria;
    let row = rows.iter().find(|row| &row[3] == "synflow" && &row[8] == "spearman").unwrap();
    let bounds = [&row[11], &row[12]].map(|field| field.parse::<f64>().unwrap());
    let interval = spearman.spearman_interval.unwrap();
    assert_eq!(
        (value("synflow", "spearman").1, bounds),
        (spearman.spearman.unwrap(), [interval.lower, interval.upper])
    );
    assert!(bounds[0] < bounds[1]);
    let stability = panel.analyses.stability[1].stability.tau_b.unwrap();
    assert_eq!(value("oneshot_loss", "relative tau_b of epoch 20"), (at("", "2020", "40"), stability, None));
    let mean = panel.analyses.spread[0].spread.mean;
    assert_eq!(value("oneshot_loss", "mean over 2 seeds of tau_b"), (at("", "", "20"), mean, None));
    let bias = &panel.estimators[0].bias;
    assert_eq!(value("params", "rank_difference of group 5").1, bias.complexity[4].rank_difference);
    let change = &bias.operations[0];
    let exchange = format!("score_increases {} to {}", change.from, change.to);
    assert_eq!(value("params", &exchange).1, change.score_increases);
}

/// All forms in which a record is shown, the terminal's in one line.
fn forms(record: &Record) -> Vec<(&'static str, String)> {
    let plain = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut forms: Vec<(&str, String)> =
        Format::ALL.iter().map(|format| (format.name(), format.render(record, None).unwrap())).collect();
    forms.push(("terminal", plain(terminal(record, None, 80))));
    forms
}

/// The last two columns of the CSV report, for one value of one estimator.
fn csv_value(record: &Record, estimator: &str, criterion: &str, origin: &str) -> [String; 3] {
    let text = csv(record).unwrap();
    let rows = ::csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap);
    let row = rows.filter(|row| [&row[3], &row[8], &row[9]] == [estimator, criterion, origin]).last().unwrap();
    [10, 15, 16].map(|column| row[column].to_owned())
}

/// A record in which the first of the estimators has these scores, and no other is left.
fn scored(rows: usize, score: impl Fn(usize) -> f64) -> Record {
    let mut record = fixture::record(rows);
    let panel = &mut record.panels[0];
    panel.estimators.truncate(1);
    panel.analyses.comparisons.clear();
    let truth = panel.truth().unwrap();
    let scores: Vec<f64> = (0..rows).map(score).collect();
    let config = nas_assay_criteria::CriteriaConfig::default();
    let seed = nas_assay_base::seed::Seed::root(1);
    panel.estimators[0].criteria = nas_assay_criteria::evaluate(&truth, &scores, &config, seed).unwrap();
    record
}

#[test]
fn a_missing_value_or_interval_says_why_in_every_form() {
    let constant = scored(60, |_| 0.0);
    let hardly = scored(60, |row| f64::from(u8::from(row < 2)));
    let enough = scored(60, |row| f64::from(u8::from(row < 3)));
    let (few, ten) = (scored(9, |row| row as f64), scored(10, |row| row as f64));
    for (record, said, word) in [
        (&constant, "No tau-b and no Spearman, because the scores do not differ: all estimators.", "constant-scores"),
        (
            &hardly,
            "No interval, because too many resamples are constant, as hardly any scores or true values differ: all estimators.",
            "degenerate-resamples",
        ),
        (&few, "No interval, because there are fewer than 10 architectures: all estimators.", "few-architectures"),
    ] {
        for (form, text) in forms(record) {
            let expected = if ["json", "csv"].contains(&form) { word } else { said };
            assert!(text.contains(expected), "{form} does not say `{expected}`:\n{text}");
        }
    }
    for record in [&enough, &ten] {
        for (form, text) in forms(record) {
            for word in ["No tau-b", "No interval", "degenerate-resamples", "few-architectures", "constant-scores"] {
                assert!(!text.contains(word), "{form} says `{word}`");
            }
        }
    }
    let status = |record: &Record, criterion: &str| csv_value(record, "params", criterion, "here")[2].clone();
    let all = ["tau_b", "tau_a", "spearman", "pearson", "P@top5%"];
    let of_constant = ["constant-scores", "", "constant-scores", "constant-scores", ""];
    assert_eq!(all.map(|criterion| status(&constant, criterion)), of_constant);
    assert_eq!(
        all.map(|criterion| status(&hardly, criterion)),
        ["degenerate-resamples", "", "degenerate-resamples", "", ""]
    );
    assert_eq!(all.map(|criterion| status(&enough, criterion)), [""; 5]);
    let single = scored(1, |_| 0.0);
    let of_single = ["fewer-than-two-architectures"; 3].map(str::to_owned);
    assert_eq!(["tau_b", "tau_a", "spearman"].map(|criterion| status(&single, criterion)), of_single);
    assert_eq!(status(&single, "pearson"), "fewer-than-two-finite-scores");
}

#[test]
fn a_difference_without_an_interval_says_why_in_csv() {
    let mut record = fixture::whole(240);
    let of =
        |record: &Record, estimator: &str, criterion: &str| csv_value(record, estimator, criterion, "here")[2].clone();
    let rows = [("synflow", "tau_b less params"), ("synflow", "tau_b inside kept less synflow")];
    assert_eq!(rows.map(|(estimator, criterion)| of(&record, estimator, criterion)), ["", ""]);
    let found = &mut record.panels[0].analyses;
    let (against, kept) = (&mut found.comparisons[0].outcome, &mut found.variants[0].kept.as_mut().unwrap().outcome);
    (against.interval, against.no_interval) = (None, Some(nas_assay_criteria::NoInterval::DegenerateResamples));
    (kept.interval, kept.no_interval) = (None, Some(nas_assay_criteria::NoInterval::FewArchitectures));
    let said = rows.map(|(estimator, criterion)| of(&record, estimator, criterion));
    assert_eq!(said, ["degenerate-resamples", "few-architectures"]);
}

#[test]
fn the_check_of_an_estimator_says_why_a_value_is_missing() {
    let said = |record: &Record| {
        let text = estimator_check::terminal("params", &[SpaceCheck::new(record, "params", None)], true, 80);
        let reasons = text.lines().filter(|line| line.starts_with("nb201: "));
        reasons.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(said(&scored(60, |_| 0.0)), ["nb201: no tau-b, because the scores do not differ"]);
    let few = said(&scored(9, |row| row as f64));
    assert_eq!(few, ["nb201: no interval, because there are fewer than 10 architectures"]);
    assert_eq!(said(&scored(10, |row| row as f64)), [""; 0]);
}

#[test]
fn estimators_without_a_value_are_named_by_their_reason() {
    let mut record = fixture::record(60);
    record.panels[0].estimators[3].criteria = scored(60, |_| 0.0).panels[0].estimators[0].criteria.clone();
    record.panels[0].estimators[1].criteria =
        scored(60, |row| f64::from(u8::from(row < 1))).panels[0].estimators[0].criteria.clone();
    record.panels[0].estimators[2].criteria = record.panels[0].estimators[1].criteria.clone();
    let summary = PanelSummary::new(&record.panels[0]);
    let said = [
        "No tau-b and no Spearman, because the scores do not differ: plain.",
        "No interval, because too many resamples are constant, as hardly any scores or true values differ: synflow, jacob_cov.",
    ];
    assert_eq!(summary_tables::reasons(&summary.estimators), said);
}

/// One figure that differs, and the same on the same basis.
#[test]
fn a_figure_on_another_basis_has_no_difference() {
    let (other, mut same) = (fixture::record(240), fixture::record(240));
    for estimator in &mut same.panels[0].estimators {
        estimator.published.iter_mut().for_each(|figure| figure.differs.clear());
    }
    let ours = same.panels[0].estimators[1].criteria.kendall.tau_b.unwrap();
    let difference = format!("{:+.3}", ours - 0.574);
    let row = |basis: &str, difference: &str| {
        let source = "Ning et al. 2021, slides: 6,466 architectures, 1,000 epochs";
        format!("| synflow | Kendall tau-b | {ours:.3} | 0.574 | {difference} | {basis} | {source} |")
    };
    let named = row("other: 1,000 encodings instead of 240; synthetic images", "–");
    assert!(markdown(&other, None).contains(&named), "{}", markdown(&other, None));
    assert!(markdown(&same, None).contains(&row("same", &difference)));
    for (form, text) in forms(&other) {
        assert!(!text.contains(&difference) && !text.contains(&difference.replace('-', "−")), "{form}:\n{text}");
        assert!(text.contains("1,000 encodings instead of 240"), "{form}");
    }
    for (form, text) in forms(&same) {
        let shown = ["csv", "json"].contains(&form) || text.replace('−', "-").contains(&difference);
        assert!(shown && !text.contains("1,000 encodings instead of 240"), "{form}:\n{text}");
        assert!(!text.contains("another basis"), "{form}");
    }
    let differs = "1,000 encodings instead of 240; synthetic images".to_owned();
    assert_eq!(csv_value(&other, "synflow", "tau_b", "published"), ["0.574".to_owned(), differs, String::new()]);
    assert_eq!(csv_value(&same, "synflow", "tau_b", "published"), ["0.574", "", ""].map(str::to_owned));
    // The diamond of a picture, and the summary, are for figures on the same basis.
    let diamonds = |record: &Record| html(record, None).unwrap().matches("class=\"published\"").count();
    assert_eq!((diamonds(&other), diamonds(&same)), (2, 3));
    let first = |record: &Record| PanelSummary::new(&record.panels[0]).estimators[4].published_tau_b;
    assert_eq!((first(&other), first(&same)), (Some(0.766), Some(0.531)));
}

#[test]
fn terminal_lines_keep_to_the_width() {
    let record = fixture::whole(60);
    for width in WIDTHS {
        let report = terminal(&record, Some(&fixture::provenance()), width);
        let long: Vec<&str> = report.lines().filter(|line| line.chars().count() > usize::from(width)).collect();
        // Only the command may be longer: a hash is never broken.
        assert!(long.iter().all(|line| *line == record_text::again(&record)), "{width}: {long:#?}");
        assert!(!report.contains('\u{1b}'), "escape codes at {width}");
    }
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let provenance = fixture::provenance();
    for format in Format::ALL {
        let render = || format.render(&fixture::record(60), Some(&provenance)).unwrap();
        assert_eq!(render(), render(), "{format:?}");
    }
}

#[test]
fn every_form_names_every_estimator_and_the_hash() {
    let record = fixture::record(60);
    let mut reports: Vec<String> = Format::ALL.map(|format| format.render(&record, None).unwrap()).to_vec();
    reports.extend(WIDTHS[1..].iter().map(|&width| terminal(&record, None, width)));
    for report in reports {
        assert!(report.contains(&record.spec_hash), "{report}");
        for estimator in &record.panels[0].estimators {
            let id = &estimator.id;
            assert!(report.contains(id) || report.contains(&text_table::escape_markdown(id)), "{id} in:\n{report}");
        }
    }
}

#[test]
fn the_json_report_holds_the_whole_record() {
    let record = fixture::record(60);
    let report: serde_json::Value =
        serde_json::from_str(&json(&record, Some(&fixture::provenance())).unwrap()).unwrap();
    assert_eq!(Record::from_json(&report["record"].to_string()).unwrap(), record);
    let first = &report["summary"][0]["estimators"][0];
    assert_eq!(first["tau_b"].as_f64(), record.panels[0].estimators[0].criteria.kendall.tau_b);
    assert_eq!(report["provenance"]["threads"], 2);
}

#[test]
fn a_record_reads_back_from_its_own_bytes() {
    let record = fixture::record(60);
    let text = record.to_json().unwrap();
    let read = Record::from_json(&text).unwrap();
    assert_eq!(read, record);
    assert_eq!(read.to_json().unwrap(), text);
}

#[test]
fn a_record_of_nothing_still_reports() {
    let mut record = fixture::record(1);
    record.space = "unknown".to_owned();
    for panel in [true, false] {
        for format in Format::ALL {
            assert!(format.render(&record, None).unwrap().contains(&record.spec_hash[..8]) || !panel, "{format:?}");
        }
        assert!(terminal(&record, None, 80).contains(&record.spec_hash));
        record.panels.clear();
        record.supernets.clear();
    }
}

#[test]
fn formats_are_found_by_name_and_extension() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), format);
        assert!(format.endings().contains(&format.name()) && format.endings()[0] == format.extension(), "{format:?}");
        for ending in format.endings() {
            assert_eq!(ending.parse::<Format>().unwrap(), format);
            assert_eq!(ending.to_uppercase().parse::<Format>().unwrap(), format);
        }
    }
    let message = "pdf".parse::<Format>().unwrap_err().to_string();
    assert!(message.contains("`pdf`") && message.contains("markdown"), "{message}");
}

mod page {
    use super::*;
    use std::collections::BTreeSet;

    /// Elements that have no end tag.
    const VOID: [&str; 2] = ["meta", "!DOCTYPE"];

    fn page(rows: usize) -> String {
        html(&fixture::whole(rows), Some(&fixture::provenance())).unwrap()
    }

    /// The tags of a page, without their brackets; the style sheet is left out.
    fn tags(page: &str) -> Vec<&str> {
        let body = page.split_once("</style>").unwrap().1;
        body.split('<').skip(1).map(|text| text.split_once('>').unwrap().0).collect()
    }

    #[test]
    fn elements_are_balanced() {
        let page = page(2000);
        let mut open = vec!["html", "head"];
        for tag in tags(&page) {
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
            if VOID.contains(&name) || tag.ends_with('/') {
            } else if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name), "</{name}> ends another element");
            } else {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "never ended: {open:?}");
    }

    #[test]
    fn nothing_comes_from_outside() {
        let mut page = page(60);
        // A link loads nothing before a reader follows it.
        for link in book_links() {
            page = page.replace(&format!("<a href=\"{BOOK}{link}\">"), "<a>");
        }
        let page = page.to_lowercase();
        for forbidden in ["<script", "http:", "https:", "url(", "@import", "<link", "<img", " on"] {
            let found = page.find(forbidden).map(|at| &page[at.saturating_sub(30)..(at + 30).min(page.len())]);
            // " on" would begin an event handler inside a tag; as a word it is text.
            let handler = forbidden != " on" || tags(&page).iter().any(|tag| tag.contains(" on"));
            assert!(found.is_none() || !handler, "{forbidden}: {found:?}");
        }
    }

    #[test]
    fn terms_and_estimators_lead_to_the_book() {
        let record = fixture::whole(60);
        let runs = nas_assay_schema::truth::runs::NoRuns::One;
        let worth = Worth::of(&record, Err(&runs));
        let page = html(&record, Beside { worth: Some(&worth), ..Beside::default() }).unwrap();
        let linked: BTreeSet<&str> =
            page.split(&format!("<a href=\"{BOOK}")).skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
        let known = book_links();
        let unknown: Vec<&&str> = linked.iter().filter(|link| !known.iter().any(|of| of == *link)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        let unused: Vec<&String> =
            known.iter().filter(|link| link.starts_with("criteria") && !linked.contains(link.as_str())).collect();
        assert!(unused.is_empty(), "no page links to {unused:?}");
        for id in ["params", "synflow", "oneshot_loss"] {
            assert!(linked.contains(format!("estimators/{id}.md").as_str()), "{id}: {linked:?}");
        }
        // An estimator that the program does not have has no page.
        let mut record = fixture::record(60);
        record.panels[0].estimators[1].id = "my_own".to_owned();
        let page = html(&record, None).unwrap();
        assert!(page.contains("<span class=\"name\">my_own</span>") && !page.contains("estimators/my_own"), "{page}");
    }

    /// On the screen of a phone each row of such a table is a list, and a cell without a label would be a number without a name.
    #[test]
    fn every_cell_of_a_table_that_becomes_a_list_has_a_label() {
        let record = fixture::whole(60);
        let worth = Worth::of(&record, Err(&nas_assay_schema::truth::runs::NoRuns::One));
        let page = html(&record, Beside { worth: Some(&worth), ..Beside::default() }).unwrap();
        let tables: Vec<&str> =
            page.split("<table").skip(1).map(|rest| rest.split("</table>").next().unwrap()).collect();
        let (lists, others): (Vec<&str>, Vec<&str>) =
            tables.into_iter().partition(|table| table.split('>').next().unwrap().contains("stack"));
        // The table that has a column for each of its rows stays one.
        assert!(lists.len() > 12 && others.len() == 1, "{} {}", lists.len(), others.len());
        assert!(others[0].contains("columns have the numbers of the rows"));
        for table in lists {
            let body = table.split_once("<tbody>").unwrap().1;
            for cell in body.split("<td").skip(1).filter(|cell| !cell.starts_with(" class=\"picture\"")) {
                let label = cell.split('>').next().unwrap().split_once("data-label=\"").map(|(_, label)| label);
                assert!(label.is_some_and(|label| label.len() > 1), "{cell:.80}");
            }
        }
    }

    #[test]
    fn a_column_without_values_is_in_no_first_table() {
        let mut record = fixture::record(60);
        let first = |text: &str| {
            let from = text.find("Kendall tau\u{2011}b").or(text.find("\nestimator ")).or(text.find("| estimator"));
            text[from.unwrap()..].lines().take(40).collect::<Vec<_>>().join("\n")
        };
        let texts = |record: &Record| {
            let [page, markdown] = [Format::Html, Format::Markdown].map(|format| format.render(record, None).unwrap());
            [page, markdown, terminal(record, None, 300)]
                .map(|text| first(&text).to_lowercase().replace('\u{2011}', "-"))
        };
        for text in texts(&record) {
            assert!(["published", "ties", "finite"].iter().all(|heading| text.contains(heading)), "{text}");
        }
        for row in &mut record.panels[0].estimators {
            row.published.clear();
            row.criteria.non_finite = nas_assay_criteria::NonFinite::default();
            row.criteria.tie_sensitive = false;
        }
        for text in texts(&record) {
            assert!(text.contains("spearman") && text.contains("p@top"), "{text}");
            for heading in ["published", "ties", "finite"] {
                assert!(!text.contains(heading), "{heading}: {text}");
            }
        }
        // A table for programs keeps its form.
        let [csv, latex] = [Format::Csv, Format::Latex].map(|format| format.render(&record, None).unwrap());
        assert!(csv.contains(",non_finite,") && latex.contains("tabular"), "{csv}");
    }

    #[test]
    fn text_of_the_record_is_text_of_the_page() {
        let page = page(60);
        assert!(page.contains("<h1>NAS-Bench-201 &lt;in&gt; small &amp; &quot;quoted&quot;</h1>"), "{page}");
        assert!(!page.contains("</pre><b>"), "the spec escapes its element");
    }

    #[test]
    fn it_can_be_read_without_seeing_it() {
        let page = page(60);
        assert!(page.contains("<html lang=\"en\">"));
        let tags = tags(&page);
        let named =
            |name: &str| tags.iter().filter(|tag| tag.split(' ').next() == Some(name)).copied().collect::<Vec<_>>();
        assert_eq!(named("table").len(), named("caption").len(), "a table has no caption");
        assert!(!named("th").is_empty() && named("th").iter().all(|tag| tag.contains("scope=")));
        assert!(named("svg").iter().all(|tag| tag.contains("role=\"img\"") || tag.contains("aria-hidden=\"true\"")));
        // Seven of the nine estimators are at their last epoch: each has a scatter, bars, a matrix, a plot of costs and histograms of its
        // two or three most misjudged exchanges. There are three charts over epochs, two of training, a map of agreement, and an overview in two
        // sizes.
        let histograms = page.matches(">Rank changes of ").count();
        assert!((14..=21).contains(&histograms), "{histograms}");
        assert_eq!((named("title").len(), named("desc").len()), (36 + histograms, 36 + histograms));
        // All other pictures that are not hidden are drawings, which have a text instead.
        let drawings = named("svg").iter().filter(|tag| tag.contains("aria-label=\"")).count();
        assert_eq!(named("svg").iter().filter(|tag| tag.contains("role=\"img\"")).count(), 36 + histograms + drawings);
        assert_eq!(drawings, 3 + 7 * 9, "the truly best, and three of each kind by each estimator");
        let levels: Vec<u8> = tags.iter().filter_map(|tag| tag.strip_prefix('h')?.bytes().next()).collect();
        let levels: Vec<u8> = levels.into_iter().filter(u8::is_ascii_digit).collect();
        assert_eq!(levels.first(), Some(&b'1'));
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "a heading level is skipped: {levels:?}");
    }

    #[test]
    fn references_inside_it_lead_somewhere() {
        let mut record = fixture::whole(60);
        record.panels.push(record.panels[0].clone());
        let page = html(&record, None).unwrap();
        let tags = tags(&page);
        let attribute = |tag: &str, name: &str| -> Option<String> {
            let value = tag.split_once(&format!(" {name}=\""))?.1;
            Some(value.split_once('"')?.0.to_owned())
        };
        let ids: Vec<String> = tags.iter().filter_map(|tag| attribute(tag, "id")).collect();
        let distinct: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(ids.len(), distinct.len(), "an id is used twice");
        for labels in tags.iter().filter_map(|tag| attribute(tag, "aria-labelledby")) {
            assert!(labels.split(' ').all(|label| ids.iter().any(|id| id == label)), "{labels}");
        }
        let shown: Vec<String> = tags.iter().filter_map(|tag| attribute(tag, "href")).collect();
        let drawn = tags.iter().filter(|tag| tag.starts_with("use "));
        assert_eq!(drawn.count(), 14, "a cloud an estimator and panel");
        let targets: Vec<&String> = shown.iter().filter(|shown| shown.starts_with('#')).collect();
        assert!(targets.len() > 14 + 2 * 10 && targets.iter().any(|target| *target == "#panel-1-ranks"), "{targets:?}");
        assert!(targets.iter().all(|shown| ids.iter().any(|id| **shown == format!("#{id}"))), "{shown:?}");
    }
}
