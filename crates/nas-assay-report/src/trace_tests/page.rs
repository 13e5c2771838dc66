//! The page: its tables, the captions and descriptions of its pictures, and what its charts draw.

use nas_assay_criteria::{Comparison, Verdict};
use nas_assay_schema::store::record::{EstimatorRecord, InsideRecord, PanelRecord};

use super::*;

/// The text of a piece of the page: tags are left out, a second line of a cell follows a stroke.
pub(super) fn text(markup: &str) -> String {
    let markup = markup.replace("<span class=\"below\">", " / ").replace("&#8209;", "-").replace("&nbsp;", " ");
    let mut text = String::new();
    for part in markup.split('<') {
        let plain = part.split_once('>').map_or(part, |(_, plain)| plain);
        // A link is a part of its sentence.
        if ["a ", "/a>"].iter().any(|link| part.starts_with(link)) {
            text.pop();
        }
        text += plain;
        text.push(' ');
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#x2f;", "/")
        .replace("&amp;", "&");
    let text = text.replace('\u{a0}', " ").replace('−', "-");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between the first `from` and the next `to`.
fn between<'a>(markup: &'a str, from: &str, to: &str) -> &'a str {
    markup.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map_or("", |(found, _)| found)
}

/// The pieces that begin with `<tag` and end with `</tag>`.
fn pieces<'a>(markup: &'a str, tag: &str) -> Vec<&'a str> {
    let (begin, end) = (format!("<{tag}"), format!("</{tag}>"));
    let starts = markup.split(begin.as_str()).skip(1).filter(|piece| piece.starts_with([' ', '>']));
    starts.map(|piece| piece.split_once(end.as_str()).map_or(piece, |(piece, _)| piece)).collect()
}

/// The text of such a piece without the rest of its own tag.
fn inner(piece: &str) -> String {
    text(piece.split_once('>').map_or(piece, |(_, inner)| inner))
}

/// The tables of the page by their captions.
fn tables(page: &str) -> Vec<Table> {
    let table = |markup: &&str| {
        let caption = inner(pieces(markup, "caption")[0]);
        let (head, body) = markup.split_once("<tbody>").unwrap();
        let headings = pieces(head, "th").into_iter().map(inner).collect();
        let row = |markup: &str| {
            let cells = pieces(markup, "td").into_iter().filter(|cell| !cell.starts_with(" class=\"picture\""));
            pieces(markup, "th").into_iter().chain(cells).map(inner).collect()
        };
        (caption, headings, pieces(body, "tr").into_iter().map(row).collect())
    };
    pieces(page, "table").iter().map(table).collect()
}

fn name(place: usize) -> String {
    let id = LABELS[place].split(' ').next().unwrap();
    // Other tables than the summary leave out kind, version and direction.
    match LABELS[place].split_once('(') {
        Some((_, about)) => format!("{id} {}", about.trim_end_matches(')')),
        None => id.to_owned(),
    }
}

fn outcome(outcome: &Comparison) -> String {
    let sign = match outcome.verdict {
        Verdict::Better => "▲ ",
        Verdict::Worse => "▼ ",
        Verdict::Undecided => "",
    };
    format!("{sign}{} / {:+.3} {}", word(outcome), outcome.difference.unwrap(), bounds(outcome.interval))
}

fn summary_row(row: &EstimatorRecord, place: usize) -> Vec<String> {
    let plain = summary(row, LABELS[place]);
    let published = if plain[4] == "–" { plain[4].clone() } else { format!("{} / {}", plain[4], plain[5]) };
    let first =
        [format!("{} {}", row.id, ABOUT[place]), format!("{} / {}", plain[1], plain[2]), plain[3].clone(), published];
    [&first[..], &[6, 9, 11, 12].map(|column: usize| plain[column].clone())].concat()
}

/// The criteria that the main table has no room for.
fn further_row(row: &EstimatorRecord, place: usize) -> Vec<String> {
    let plain = summary(row, LABELS[place]);
    [&[name(place)][..], &[7, 8, 10].map(|column: usize| plain[column].clone())].concat()
}

/// A table without the columns in which no row has a value; the first two stay.
fn without_empty(headings: &[String], rows: &[Vec<String>]) -> (Vec<String>, Vec<Vec<String>>) {
    let has_values = |column: &usize| *column < 2 || rows.iter().any(|row| row[*column] != "–");
    let kept: Vec<usize> = (0..headings.len()).filter(has_values).collect();
    let of = |row: &[String]| kept.iter().map(|&column| row[column].clone()).collect::<Vec<String>>();
    (of(headings), rows.iter().map(|row| of(row)).collect())
}

/// All tables of the page, laid out from the record.
#[allow(clippy::too_many_lines, reason = "one table after the other")]
fn expected(panel: &PanelRecord) -> Vec<Table> {
    let found = &panel.analyses;
    let summary = |places: &[usize]| {
        let headings = owned(&[
            "Estimator",
            "Kendall tau\u{2011}b / 95 % interval",
            "Against params / difference of tau-b",
            "Spearman",
            "Published tau\u{2011}b / difference",
            "P@top 5 %",
            "BR@5 %",
            "Not finite",
            "Ties",
        ]);
        let row = |&place: &usize| {
            let mut row = summary_row(&panel.estimators[place], place);
            let test = [1, 2, 3, 8].into_iter().zip(&found.comparisons).find(|(of, _)| *of == place);
            // The interval of the difference is in a table of its own.
            row.insert(
                2,
                test.map_or("–".to_owned(), |(_, test)| {
                    outcome(&test.outcome).split(" [").next().unwrap().to_owned()
                }),
            );
            row
        };
        let (headings, rows) = without_empty(&headings, &places.iter().map(row).collect::<Vec<_>>());
        let diamond = if headings.iter().any(|heading| heading.starts_with("Published")) {
            ", the hollow diamond is the published value"
        } else {
            ""
        };
        let caption = format!(
            "How well each estimator ranks the architectures. The best value of a column is bold. The picture shows tau-b on \
             its interval; the tick is zero{diamond}."
        );
        (caption, headings, rows)
    };
    let further = |places: &[usize]| {
        let rows = places.iter().map(|&place| further_row(&panel.estimators[place], place));
        let headings = owned(&["Estimator", "P@bottom 5 %", "BR@1 %", "WR@5 %"]);
        ("Further criteria of the same rankings.".to_owned(), headings, rows.collect())
    };
    let variant = &found.variants[0];
    let kept = variant.kept.as_ref().unwrap();
    let both = |of: fn(&InsideRecord) -> f64| format!("{:.3} / own {:.3}", of(&kept.variant), of(&kept.own));
    let spread = |place: usize, epoch: u32| {
        let spread = &found.spread[place].spread;
        let caption =
            "Mean ± sample standard deviation over the supernet seeds; below it, the lowest and the highest value.";
        let cell = format!(
            "{:.3} ± {:.3} / {:.3} to {:.3}",
            spread.mean,
            spread.deviation.unwrap(),
            spread.least,
            spread.greatest
        );
        let row = vec![format!("oneshot_loss epoch {epoch}, 2 seeds"), cell];
        (caption.to_owned(), owned(&["Estimator", "Kendall tau-b"]), vec![row])
    };
    let first = &panel.estimators[0].bias;
    let mega = |cost: f64| format!("{:.1}", cost / 1e6);
    let span = |group: &nas_assay_criteria::ComplexityGroup| {
        format!("{} to {} MFLOPs / 24 architectures", mega(group.least_cost), mega(group.greatest_cost))
    };
    let complexity = |&place: &usize| {
        let groups = panel.estimators[place].bias.complexity.iter();
        let cells = groups.map(|group| format!("{:+.3} / tau-b {:.3}", group.rank_difference, group.tau_b.unwrap()));
        std::iter::once(name(place)).chain(cells).collect()
    };
    let exchange = |at: usize| {
        let change = &first.operations[at];
        let shares = LATEST.map(|place| {
            let change = &panel.estimators[place].bias.operations[at];
            let more = 100.0 * (change.score_increases - change.truth_increases);
            format!("{} / {more:+.1}", percent(change.score_increases, 1))
        });
        let head =
            [format!("{} → {}", change.from, change.to), change.pairs.to_string(), percent(change.truth_increases, 1)];
        [&head[..], &shares].concat()
    };
    let by_estimator = LATEST.map(|place| match LABELS[place].split_once(" (") {
        Some((id, about)) => format!("{id} / {}", about.trim_end_matches(')')),
        None => LABELS[place].to_owned(),
    });
    vec![
        summary(&LATEST),
        further(&LATEST),
        summary(&EARLIER),
        further(&EARLIER),
        (
            "Values of this record next to the published ones. The difference is ours minus theirs, where both have the same basis."
                .to_owned(),
            owned(&["Estimator", "Criterion", "Here", "Published", "Difference", "Basis", "Source"]),
            published_rows(panel),
        ),
        (
            "Every row is in one class. Only judged and failed rows are ranked.".to_owned(),
            owned(&["Scores", "Class", "Rows", "The first of them"]),
            class_rows(panel),
        ),
        top::section(panel, name),
        (
            "Tau-b of the row minus that of the column, both over the same resamples.".to_owned(),
            owned(&["Estimator", "against params / difference of tau-b, 95 % interval"]),
            [1, 2, 3, 8]
                .into_iter()
                .zip(&found.comparisons)
                .map(|(place, comparison)| vec![name(place), outcome(&comparison.outcome)])
                .collect(),
        ),
        (
            "The variant compared with the spec's own settings.".to_owned(),
            owned(&[
                "Estimator", "Variant", "Agreement / tau-b of the two scores", "Change / of tau-b with the truth",
            ]),
            vec![vec![
                LABELS[4].to_owned(),
                "gaussian".to_owned(),
                three(variant.agreement.unwrap()),
                outcome(&variant.outcome),
            ]],
        ),
        (
            "On the architectures that pruning kept: the pruned supernet compared with the spec's own.".to_owned(),
            owned(&[
                "Estimator / architectures of the panel", "Tau-b / of the pruned, of the spec's own",
                "Change / of tau-b with the truth", "Mean score / of the pruned, of the spec's own",
            ]),
            vec![vec![
                format!("{} 60 of 120 kept", LABELS[4]),
                both(|inside| inside.tau_b.unwrap()),
                outcome(&kept.outcome),
                both(|inside| inside.mean_score.unwrap()),
            ]],
        ),
        (
            "The ranking of a checkpoint compared with that of the next one, which counts as the truth.".to_owned(),
            owned(&["Estimator", "Epochs", "Relative tau-b", "Relative P@top 5 %", "Relative P@bottom 5 %"]),
            ["20", "2020"]
                .into_iter()
                .zip(&found.stability)
                .map(|(seed, record)| {
                    let at = record.stability.precision.iter().find(|at| at.fraction == 0.05).unwrap();
                    let tau = three(record.stability.tau_b.unwrap());
                    let [top, bottom] = [at.top, at.bottom].map(|value| percent(value, 1));
                    vec![format!("oneshot_loss seed {seed}"), "20 → 40".to_owned(), tau, top, bottom]
                })
                .collect(),
        ),
        spread(1, 40),
        spread(0, 20),
        (
            "Mean rank difference of each group, and tau-b within it.".to_owned(),
            std::iter::once("Estimator".to_owned()).chain(first.complexity.iter().map(span)).collect(),
            LATEST.iter().map(complexity).collect(),
        ),
        (
            "The share of the pairs in which the truth and each score increase; below a score, by how many percentage points it \
             increases more often than the truth."
                .to_owned(),
            [&owned(&["Exchange", "Pairs", "Truth / increases"])[..], &by_estimator].concat(),
            (0..first.operations.len()).map(exchange).collect(),
        ),
    ]
}

#[test]
fn every_number_of_the_page_is_in_its_place() {
    let record = record();
    let (panel, page) = (&record.panels[0], html(&record, None).unwrap());
    let expected = expected(panel);
    let mut found = tables(&page);
    let map = agreement::take(
        panel,
        &mut found,
        "Kendall tau-b of every two rankings; columns have the numbers of the rows.",
    );
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
    let whole = text(&page);
    assert!(whole.contains(&first_line(panel)));
    assert!(whole.contains(&plainly(panel)), "{whole}");
    for sentence in sentences(&record) {
        assert!(whole.contains(&sentence), "`{sentence}` is not on the page");
    }

    // No other number stands outside of the pictures.
    let mut body = between(&page, "<main>", "</main>").to_owned();
    for tag in ["svg", "pre"] {
        let parts: Vec<String> = body.split(&format!("<{tag}")).map(str::to_owned).collect();
        let end = format!("</{tag}>");
        let rest = parts[1..].iter().map(|part| part.split_once(&end).map_or("", |(_, rest)| rest));
        body = std::iter::once(parts[0].as_str()).chain(rest).collect();
    }
    let mut traced = decimals(&sentences(&record).join("\n"));
    for (caption, headings, rows) in expected.iter().chain([&map]) {
        traced.extend(decimals(caption));
        traced.extend(headings.iter().chain(rows.iter().flatten()).flat_map(|cell| decimals(cell)));
    }
    // Captions of drawings and of plots of cost name true values.
    traced.extend(panel.architectures.iter().flat_map(|row| decimals(&percent(row.truth.unwrap(), 2))));
    let untraced: Vec<String> = decimals(&text(&body)).difference(&traced).cloned().collect();
    assert!(untraced.is_empty(), "not from the record: {untraced:?}");
}

/// The figures of the page whose picture has this title: caption, description, and markup of the picture.
fn figures(page: &str, title: &str) -> Vec<(String, String, String)> {
    let is_titled = |figure: &&str| inner(pieces(figure, "title").first().unwrap_or(&"")) == title;
    let figures = pieces(page, "figure").into_iter().filter(is_titled);
    figures
        .map(|figure| {
            let caption = inner(pieces(figure, "figcaption")[0]);
            (caption, inner(pieces(figure, "desc")[0]), figure.to_owned())
        })
        .collect()
}

#[test]
fn every_picture_of_an_estimator_has_its_own_numbers() {
    let record = record();
    let (panel, page) = (&record.panels[0], html(&record, None).unwrap());
    for place in LATEST {
        let (row, label) = (&panel.estimators[place], LABELS[place]);
        let only = |title: String| {
            let found = figures(&page, &title);
            assert_eq!(found.len(), 1, "{title}");
            found.into_iter().next().unwrap()
        };
        let (caption, ..) = only(format!("Ranks by {label}"));
        assert_eq!(caption, format!("{} tau-b {:.3}", name(place), row.criteria.kendall.tau_b.unwrap()));
        let (_, description, _) = only(format!("Bias of {label} by complexity"));
        let groups = row.bias.complexity.iter();
        let groups = groups.map(|group| format!("{:.3} (tau-b {:.2})", group.rank_difference, group.tau_b.unwrap()));
        let groups = groups.collect::<Vec<_>>().join(", ");
        assert_eq!(description, format!("Mean rank difference of each group, cheapest first: {groups}."));
        let (_, _, matrix) = only(format!("Bias of {label} by operation"));
        let mut cells: Vec<String> = pieces(&matrix, "text")
            .into_iter()
            .filter(|text| text.starts_with(" class=\"middle ink\""))
            .map(inner)
            .collect();
        let more = |change: &nas_assay_criteria::ChangeBias<String>| {
            format!("{:+.0}", 100.0 * (change.score_increases - change.truth_increases))
        };
        let mut expected: Vec<String> = row.bias.operations.iter().map(more).collect();
        cells.sort();
        expected.sort();
        assert_eq!(cells, expected, "{label}");
        let (caption, ..) = only(format!("Cost and quality, {label}"));
        let best = row.bias.extremes.top.iter().map(|standing| panel.architectures[standing.row].truth.unwrap());
        assert_eq!(caption, format!("{} best of them {}", name(place), percent(best.fold(0.0, f64::max), 2)));
    }
}

#[test]
fn the_map_of_agreement_has_the_numbers_of_its_table() {
    let record = record();
    let (panel, page) = (&record.panels[0], html(&record, None).unwrap());
    let map = "Kendall tau-b of every two rankings; columns have the numbers of the rows.";
    let (_, _, rows) = agreement::take(panel, &mut tables(&page), map);
    let found = figures(&page, "Agreement between estimators");
    assert_eq!(found.len(), 1);
    let cells: Vec<String> = pieces(&found[0].2, "text").into_iter().map(inner).collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let short = |value: f64| match format!("{value:.2}").as_str() {
        "1.00" => "1".to_owned(),
        text => text.replacen("0.", ".", 1).replace("-.00", ".00"),
    };
    let mut due = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let number = (place + 1).to_string();
        due.extend([(*name).to_owned(), number.clone(), number]);
        due.extend(agreement::values(panel, &names, name).map(short));
    }
    assert_eq!(cells, due);
}

/// The curves of a chart over epochs: for each line the values at its points, read back from the places at which they are drawn.
fn curves(picture: &str, lowest: f64, highest: f64) -> Vec<Vec<f64>> {
    let paths = picture.split("<path class=\"curve").skip(1).map(|path| between(path, " d=\"", "\"").to_owned());
    paths
        .map(|path| {
            let points = path.trim_end_matches("h0").split(['M', 'L']).filter(|point| !point.is_empty());
            points
                .map(|point| {
                    let y: f64 = point.split_once(' ').unwrap().1.parse().unwrap();
                    lowest + (196.0 - y) / 186.0 * (highest - lowest)
                })
                .collect()
        })
        .collect()
}

/// The axis of a chart ends at the multiples of 0.2 around its values and zero.
fn assert_drawn(picture: &str, expected: &[Vec<f64>], held: &[f64]) {
    let highest = (held.iter().copied().fold(0.2, f64::max) * 5.0).ceil() / 5.0;
    let lowest = (held.iter().copied().fold(0.0, f64::min) * 5.0).floor() / 5.0;
    let found = curves(picture, lowest, highest);
    assert_eq!(found.len(), expected.len());
    // A tenth of a unit of the picture.
    let least = 0.06 * (highest - lowest) / 186.0;
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= least, "{found} is drawn, not {expected}");
        }
    }
}

#[test]
fn a_chart_over_epochs_draws_what_its_label_says() {
    let record = record();
    let (panel, page) = (&record.panels[0], html(&record, None).unwrap());
    let chart = |about: &str| {
        let found = figures(&page, &format!("{about} of oneshot_loss"));
        assert_eq!(found.len(), 1, "{about}");
        assert_eq!(found[0].0, format!("oneshot_loss {about}"));
        found.into_iter().next().unwrap().2
    };
    let kendall = |place: usize| &panel.estimators[place].criteria.kendall;
    let tau = |place: usize| kendall(place).tau_b.unwrap();
    // Lines of seed 20 and of seed 2020.
    let expected = [vec![tau(5), tau(8)], vec![tau(6), tau(7)]];
    let ends = [5, 6, 7, 8].into_iter().flat_map(|place| {
        let interval = kendall(place).interval.unwrap();
        [interval.lower, interval.upper, tau(place)]
    });
    assert_drawn(&chart("tau-b with the truth, 95 % intervals"), &expected, &ends.collect::<Vec<_>>());
    let stability = &panel.analyses.stability;
    let taus: Vec<Vec<f64>> = stability.iter().map(|record| vec![record.stability.tau_b.unwrap()]).collect();
    assert_drawn(&chart("tau-b relative to the previous checkpoint"), &taus, &taus.concat());
    let tops = stability
        .iter()
        .map(|record| vec![record.stability.precision.iter().find(|at| at.fraction == 0.05).unwrap().top]);
    let tops: Vec<Vec<f64>> = tops.collect();
    assert_drawn(&chart("P@top 5 % relative to the previous checkpoint"), &tops, &tops.concat());
}
