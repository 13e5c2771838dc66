//! Tests by value: where each part of a chart is drawn, worked out by hand.

use crate::true_values::TrueValues;
use nas_assay_criteria::{ChangeBias, ComplexityGroup};
use nas_assay_schema::store::record::{EpochRecord, SupernetRecord};

use super::axis::{Axis, MOST_DOTS, label, tick_step, ticks};
use super::*;

/// The parts of a picture between its description and its end.
fn body(svg: &str) -> &str {
    svg.split_once("</desc>").unwrap().1.strip_suffix("</svg>").unwrap()
}

/// The drawn path of the elements of a class.
fn paths(svg: &str, class: &str) -> Vec<String> {
    let begin = format!("<path class=\"{class}\" d=\"");
    svg.split(begin.as_str()).skip(1).map(|rest| rest.split_once('"').unwrap().0.to_owned()).collect()
}

#[test]
fn an_axis_maps_its_ends_to_its_places() {
    let axis = Axis::new([1.0, 3.0], [10.0, 20.0]);
    assert_eq!([1.0, 2.5, 3.0, 5.0].map(|value| axis.at(value)), [10.0, 17.5, 20.0, 30.0]);
    let down = Axis::new([-1.0, 1.0], [92.0, 8.0]);
    assert_eq!([-1.0, -0.5, 1.0].map(|value| down.at(value)), [92.0, 71.0, 8.0]);
    assert_eq!(Axis::new([3.0, 3.0], [10.0, 20.0]).at(3.0), 15.0, "a single value is in the middle");
}

#[test]
fn a_step_parts_the_axis_into_four_to_ten() {
    for exponent in -30..30 {
        for digits in [1.0, 1.3, 1.99, 2.0, 2.7, 3.99, 4.0, 5.5, 7.99, 8.0, 9.9] {
            let top = digits * 10_f64.powi(exponent);
            let step = tick_step(top);
            let parts = top / step;
            assert!((3.999_999..10.000_001).contains(&parts), "{top}: {parts} parts of {step}");
            let mantissa = format!("{step:e}").split('e').next().unwrap().parse::<f64>().unwrap();
            let is_round = [1.0, 2.0, 5.0, 10.0].iter().any(|round| (mantissa - round).abs() < 1e-9);
            assert!(is_round, "{top}: {step}");
        }
    }
    assert_eq!([2.0, 4.0, 8.0, 20.0, 3.9].map(tick_step), [0.5, 1.0, 2.0, 5.0, 0.5]);
    assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY].map(tick_step), [0.0; 4]);
}

#[test]
fn ticks_are_multiples_from_end_to_end() {
    let all = |first, last, step| ticks(first, last, step).collect::<Vec<f64>>();
    assert_eq!(all(0.5, 1.25, 0.25), [0.5, 0.75, 1.0, 1.25]);
    assert_eq!(all(-2.0, 1.5, 1.0), [-2.0, -1.0, 0.0, 1.0]);
    assert_eq!(all(3.0, 3.0, 1.0), [3.0]);
    assert!(all(1.0, 0.0, 0.5).is_empty() && all(0.0, 1.0, -0.5).is_empty());
    assert_eq!(label(-0.25, 2), "−0.25");
}

fn group(rank_difference: f64, tau_b: Option<f64>) -> ComplexityGroup {
    ComplexityGroup { rows: 3, least_cost: 1.0, greatest_cost: 2.0, rank_difference, tau_b }
}

#[test]
fn bars_reach_to_the_next_tenth() {
    let reach_of = |values: &[f64]| reach(values.iter().map(|&value| group(value, None)).collect::<Vec<_>>().iter());
    assert_eq!([&[0.21, -0.1][..], &[-0.3, 0.2], &[0.02], &[0.1], &[1.0]].map(reach_of), [0.3, 0.3, 0.1, 0.1, 1.0]);
}

#[test]
fn bars_by_hand() {
    let groups = [group(0.0, None), group(0.3, Some(0.125)), group(-0.15, Some(-0.25))];
    let svg = bars("b", "x", &groups, 0.3);
    // Zero is at 50 and the reach is 42. Each group has 62 of the width, its bar 39.68 of them.
    let rule = |y: &str, text: &str, below: &str| {
        format!("<path class=\"rule\" d=\"M30 {y}H216\"/><text class=\"end\" x=\"26\" y=\"{below}\">{text}</text>")
    };
    let bar = |class: &str, place: [&str; 3], height: &str, tau: &str| {
        let [x, y, middle] = place;
        format!(
            "<rect class=\"bar {class}\" x=\"{x}\" y=\"{y}\" width=\"39.7\" height=\"{height}\"/>\
             <text class=\"middle\" x=\"{middle}\" y=\"110\">{tau}</text>"
        )
    };
    let expected = [
        rule("8.0", "0.3", "12.0"),
        rule("50.0", "0.0", "54.0"),
        rule("92.0", "−0.3", "96.0"),
        bar("under", ["41.2", "50.0", "61.0"], "0.0", "–"),
        bar("over", ["103.2", "8.0", "123.0"], "42.0", "0.12"),
        bar("under", ["165.2", "50.0", "185.0"], "21.0", "−0.25"),
        "<text class=\"end\" x=\"26\" y=\"110\">tau</text><text x=\"30\" y=\"128\">cheapest</text>".to_owned(),
        "<text class=\"end\" x=\"216\" y=\"128\">costliest</text>".to_owned(),
    ];
    assert_eq!(body(&svg), expected.concat());
}

#[test]
fn up_to_the_most_dots_each_architecture_is_a_dot() {
    let ramp = |rows: usize| (0..rows).map(|row| row as f64).collect::<Vec<f64>>();
    let drawn = |rows: usize| {
        let svg = scatter("s", "x", &ramp(rows), &ramp(rows));
        let costs =
            Costs::new("c".to_owned(), &(1..=rows as u64).collect::<Vec<_>>(), &ramp(rows), TrueValues::ACCURACIES)
                .definition();
        [svg.matches("h0").count(), costs.matches("h0").count()]
    };
    assert_eq!((drawn(MOST_DOTS), drawn(MOST_DOTS + 1)), ([MOST_DOTS; 2], [0; 2]));
}

#[test]
fn the_frame_of_a_scatter_by_hand() {
    let svg = scatter("s", "x", &[1.0, 2.0, 3.0, 4.0], &[4.0, 2.0, 2.0, 1.0]);
    let expected = "<rect class=\"frame\" x=\"20\" y=\"4\" width=\"196\" height=\"196\"/>\
                    <path class=\"dots\" d=\"M44.5 28.5h0M93.5 102.0h0M142.5 102.0h0M191.5 175.5h0\"/>\
                    <rect class=\"corner\" x=\"206.2\" y=\"4\" width=\"9.8\" height=\"9.8\"/>\
                    <path class=\"diagonal\" d=\"M20 200L216 4\"/>\
                    <text x=\"20\" y=\"214\">worst</text><text class=\"middle\" x=\"118\" y=\"214\">true rank</text>\
                    <text class=\"end\" x=\"216\" y=\"214\">best</text>\
                    <text class=\"middle\" transform=\"translate(12 102) rotate(-90)\">estimated rank</text>";
    assert_eq!(body(&svg), expected);
}

/// 49 architectures in each column and in each row of the grid: from the diagonal on, a cell of each column holds 17, 16, 5, 4, 2, 1 and 4.
#[test]
fn a_grid_is_shaded_by_what_its_cells_hold() {
    let held = [17, 16, 5, 4, 2, 1, 4];
    let offsets: Vec<usize> = held.iter().enumerate().flat_map(|(offset, &count)| vec![offset; count]).collect();
    assert_eq!(offsets.len(), 49);
    let mut taken = [0; 49];
    let mut scores = Vec::new();
    for column in 0..49 {
        for offset in &offsets {
            let row = (column + offset) % 49;
            scores.push((49 * row + taken[row]) as f64);
            taken[row] += 1;
        }
    }
    let truth: Vec<f64> = (0..2401).map(f64::from).collect();
    let svg = scatter("s", "x", &truth, &scores);
    // From the worst on, columns go to the right and rows go up; a cell is 4 wide.
    let cells = |offsets: &[usize]| {
        let mut places: Vec<(usize, usize)> = (0..49)
            .flat_map(|column| {
                offsets.iter().map(move |offset| (4 + 4 * (48 - (column + offset) % 49), 20 + 4 * column))
            })
            .collect();
        places.sort_unstable();
        vec![places.into_iter().map(|(y, x)| format!("M{x} {y}h4v4h-4z")).collect::<Vec<_>>().concat()]
    };
    assert_eq!(paths(&svg, "cell cell-3"), cells(&[0]));
    assert_eq!(paths(&svg, "cell cell-2"), cells(&[1, 2]));
    assert_eq!(paths(&svg, "cell cell-1"), cells(&[3, 4, 6]));
    assert_eq!(paths(&svg, "cell cell-0"), cells(&[5]));
    assert!(!svg.contains("cell-4"));
}

fn change(from: &str, to: &str, pairs: usize, score_increases: f64) -> ChangeBias<String> {
    ChangeBias {
        from: from.to_owned(),
        to: to.to_owned(),
        pairs,
        truth_increases: 0.25,
        score_increases,
        truth_histogram: Vec::new(),
        score_histogram: Vec::new(),
    }
}

#[test]
fn a_histogram_is_as_wide_as_what_it_holds() {
    let histogram_of = |score: &[(usize, u32)], truth: &[(usize, u32)]| {
        let counts = |held: &[(usize, u32)]| {
            let mut counts = vec![0; 41];
            for &(bin, count) in held {
                counts[bin] = count;
            }
            counts
        };
        let (score_histogram, truth_histogram) = (counts(score), counts(truth));
        histogram("h", "x", &ChangeBias { score_histogram, truth_histogram, ..change("a", "b", 4, 0.5) })
    };
    // The farthest bin is the sixth from the middle: 13 bins over 212. The highest is 48.
    let svg = histogram_of(&[(26, 1)], &[(15, 3), (20, 2)]);
    let expected = "<path class=\"rule\" d=\"M110.0 8V108\"/>\
                    <path class=\"bar over\" d=\"M199.7 58v-16.0h16.3V58z\"/>\
                    <path class=\"bar truth\" d=\"M20.3 58v48.0h16.3V58zM101.8 58v32.0h16.3V58z\"/>\
                    <path class=\"rule\" d=\"M4 58H216\"/><text x=\"4\" y=\"18\">score</text>\
                    <text x=\"4\" y=\"104\">truth</text><text x=\"4\" y=\"121\">32.5\u{a0}% worse</text>\
                    <text class=\"end\" x=\"216\" y=\"121\">32.5\u{a0}% better</text>";
    assert_eq!(body(&svg), expected);
    // The farthest one may be of the truth, and at the very end.
    assert_eq!(paths(&histogram_of(&[(20, 1)], &[(0, 1)]), "bar truth"), ["M4.0 58v48.0h5.2V58z"]);
}

#[test]
fn a_matrix_by_hand() {
    let changes =
        [change("a", "f", 10, 0.55), change("c", "b", 12, 0.25), change("e", "d", 9, 0.0), change("b", "a", 99, 1.0)];
    let svg = matrix("m", "x", &changes, 10, str::to_uppercase);
    // Six operations share 164: sides of 27.333.
    let names = [("A", "71.7"), ("B", "99.0"), ("C", "126.3"), ("D", "153.7"), ("E", "181.0"), ("F", "208.3")];
    let names = names.map(|(name, at)| {
        format!(
            "<text class=\"end\" x=\"50\" y=\"{at}\">{name}</text><text transform=\"translate({at} 50) rotate(-90)\">{name}</text>"
        )
    });
    let shade = |class: &str, x: &str, y: &str, opacity: &str| {
        format!(
            "<rect class=\"shade {class}\" x=\"{x}\" y=\"{y}\" width=\"26.3\" height=\"26.3\" fill-opacity=\"{opacity}\"/>"
        )
    };
    let ink = |x: &str, y: &str, text: &str| format!("<text class=\"middle ink\" x=\"{x}\" y=\"{y}\">{text}</text>");
    let expected = [
        names.concat(),
        shade("over", "191.2", "54.5", "0.30") + &ink("204.3", "71.7", "+30"),
        shade("under", "81.8", "109.2", "0.00") + &ink("95.0", "126.3", "0"),
        ink("149.7", "181.0", "·"),
        shade("over", "54.5", "81.8", "0.60") + &ink("67.7", "99.0", "+75"),
        "<rect class=\"outline\" x=\"54\" y=\"54\" width=\"164.0\" height=\"164.0\"/>".to_owned(),
    ];
    assert_eq!(body(&svg), expected.concat());
    assert!(svg.contains("viewBox=\"0 0 220 222\""), "{svg}");
    let small = matrix("m", "x", &[change("a", "b", 10, 0.125)], 10, str::to_owned);
    assert!(
        small.contains("viewBox=\"0 0 220 122\"") && small.contains(">−12<") && small.contains("shade under"),
        "{small}"
    );
}

#[test]
fn an_interval_by_hand() {
    let axis = interval_axis([0.5, -0.3, 0.2].into_iter());
    assert_eq!((axis.values, axis.places), ([-0.5, 1.0], [4.0, 136.0]));
    assert_eq!(interval_axis([-0.25].into_iter()).values, [-0.25, 1.0]);
    assert_eq!(interval_axis([0.25].into_iter()).values, [0.0, 1.0]);
    // A tenth is 8.8, zero is at 48.
    let svg = interval(axis, 0.25, Some([-0.25, 0.5]), Some(0.75));
    let expected = "<svg class=\"interval\" viewBox=\"0 0 140 18\" aria-hidden=\"true\">\
                    <path class=\"rule\" d=\"M4 9H136M48.0 4V14\"/><path class=\"span\" d=\"M26.0 9H92.0\"/>\
                    <circle class=\"dot\" cx=\"70.0\" cy=\"9\" r=\"3.5\"/>\
                    <path class=\"published\" d=\"M114.0 4l5 5l-5 5l-5 -5z\"/></svg>";
    assert_eq!(svg, expected);
    let bare = interval(axis, 0.25, None, None);
    assert!(!bare.contains("span") && !bare.contains("published"), "{bare}");
}

/// Places with the texts there.
type Labels = Vec<(String, String)>;

/// The labels of the horizontal lines with their heights, and of the epochs with their places.
fn axes(svg: &str) -> (Labels, Labels) {
    let text = |rest: &str| rest.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned();
    let rules = svg.split("<path class=\"rule\" d=\"M44 ").skip(1);
    let rules =
        rules.map(|rest| (rest.split_once('H').unwrap().0.to_owned(), text(rest.split_once("<text").unwrap().1)));
    let epochs = svg.split("<text class=\"middle\" x=\"").skip(1).filter(|rest| rest.contains("y=\"213\">"));
    let epochs = epochs.filter_map(|rest| {
        let (place, rest) = rest.split_once("\" y=\"213\"")?;
        (!place.contains('"')).then(|| (place.to_owned(), text(rest)))
    });
    (rules.collect(), epochs.collect())
}

fn pairs(all: &[(&str, &str)]) -> Labels {
    all.iter().map(|(place, text)| ((*place).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn the_axes_of_a_chart_over_epochs_hold_zero_and_every_value() {
    let chart = |points: &[(u32, f64)]| {
        let points = points.iter().map(|&(epoch, value)| Point { epoch, value, bounds: None }).collect();
        EpochChart { id: "c", title: "tau", series: &[Series { place: 2, points }] }.draw()
    };
    let svg = chart(&[(10, -0.5), (40, 0.75)]);
    let (values, epochs) = axes(&svg);
    let texts = ["−0.6", "−0.4", "−0.2", "0.0", "0.2", "0.4", "0.6", "0.8"].map(str::to_owned);
    assert_eq!(values, expected_heights(8).into_iter().zip(texts).collect::<Vec<_>>());
    assert_eq!(epochs, pairs(&[("44.0", "0"), ("133.5", "10"), ("223.0", "20"), ("312.5", "30"), ("402.0", "40")]));
    assert_eq!(paths(&svg, "curve series-2"), ["M133.5 182.7L402.0 16.6h0"]);
    // Nothing but a small value: up to 0.2, over two epochs at least.
    let (values, epochs) = axes(&chart(&[(1, 0.05)]));
    assert_eq!(values, pairs(&[("196.0", "0.0"), ("10.0", "0.2")]));
    assert_eq!(epochs, pairs(&[("44.0", "0"), ("223.0", "1"), ("402.0", "2")]));
}

/// The heights of evenly spaced lines from 196 up to 10.
fn expected_heights(lines: usize) -> Vec<String> {
    (0..lines).map(|line| format!("{:.1}", 196.0 - 186.0 * line as f64 / (lines - 1) as f64)).collect()
}

fn supernet(values: &[(u32, f64)]) -> SupernetRecord {
    let epochs = values.iter().map(|&(epoch, loss)| EpochRecord { epoch, loss, accuracy: 0.5, learning_rate: 0.1 });
    SupernetRecord { epochs: epochs.collect(), ..SupernetRecord::default() }
}

#[test]
fn a_training_curve_by_hand() {
    let curve = |top| TrainingCurve {
        id: "t",
        title: "Loss",
        of: |epoch| epoch.loss,
        top,
        tick: |value| format!("{value:.1}"),
    };
    let supernets = [supernet(&[(1, 2.3), (2, f64::NAN), (3, 1.0), (5, 0.5)]), supernet(&[(1, 2.0), (5, 0.0)])];
    let svg = curve(None).draw(&supernets);
    let (values, epochs) = axes(&svg);
    // Steps of a half up to 2.5, 37.2 apart; an epoch is 92 wide, and the first one is at the left end.
    let heights = expected_heights(6);
    let texts = ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"];
    assert_eq!(values, heights.into_iter().zip(texts.map(str::to_owned)).collect::<Vec<_>>());
    assert_eq!(epochs, pairs(&[("44.0", "1"), ("136.0", "2"), ("228.0", "3"), ("320.0", "4"), ("412.0", "5")]));
    assert_eq!(paths(&svg, "curve series-0"), ["M44.0 24.9L228.0 121.6L412.0 158.8h0"]);
    assert_eq!(paths(&svg, "curve series-1"), ["M44.0 47.2L412.0 196.0h0"]);
    let (values, _) = axes(&curve(Some(1.0)).draw(&supernets));
    assert_eq!(
        values.iter().map(|value| value.1.as_str()).collect::<Vec<_>>(),
        ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    );
    // Losses of zero, or no finite ones, leave an axis up to 1 without lines.
    let flat = curve(None).draw(&[supernet(&[(1, 0.0), (2, 0.0)])]);
    assert_eq!((axes(&flat).0, paths(&flat, "curve series-0")), (vec![], vec!["M44.0 196.0L412.0 196.0h0".to_owned()]));
}

#[test]
fn more_supernets_than_styles_begin_again() {
    let curve = TrainingCurve { id: "t", title: "Loss", of: |epoch| epoch.loss, top: None, tick: |_| String::new() };
    let svg = curve.draw(&vec![supernet(&[(1, 1.0)]); 8]);
    let styles: Vec<&str> = svg.split("curve series-").skip(1).map(|rest| &rest[..1]).collect();
    assert_eq!(styles, ["0", "1", "2", "3", "4", "5", "0", "1"]);
}

#[test]
fn a_cloud_of_many_architectures_is_a_grid() {
    // 1,201 of them at four corners: cells of 3 by 3.095, in columns 1 and 59 and in rows 0 and 41, as all are drawn 3 from the edge.
    let (flops, truth): (Vec<u64>, Vec<f64>) =
        (0..1201_u32).map(|row| (if row % 2 == 0 { 1_000_000 } else { 10_000_000 }, f64::from(row % 4 / 2))).unzip();
    let definition = Costs::new("c".to_owned(), &flops, &truth, TrueValues::ACCURACIES).definition();
    assert_eq!(
        paths(&definition, "cloud"),
        ["M37.0 6.0h3.0v3.1h-3.0zM211.0 6.0h3.0v3.1h-3.0zM37.0 132.9h3.0v3.1h-3.0zM211.0 132.9h3.0v3.1h-3.0z"]
    );
}

#[test]
fn the_worst_are_clipped_if_they_take_more_than_half_of_the_axis() {
    let clipped = |worst: f64| {
        let truth: Vec<f64> =
            (0..40).map(|row| if row < 2 { worst } else { 0.8 + 0.2 * f64::from(row - 2) / 37.0 }).collect();
        Costs::new("c".to_owned(), &vec![5; 40], &truth, TrueValues::ACCURACIES).is_clipped()
    };
    assert_eq!([0.1, 0.59, 0.61, 0.7].map(clipped), [true, true, false, false]);
}

#[test]
fn the_frame_of_a_plot_of_costs_by_hand() {
    let costs = Costs::new("cl".to_owned(), &[1_000_000, 100_000_000], &[0.25, 0.75], TrueValues::ACCURACIES);
    let svg = costs.draw("c", "x", &[1, 7, 0]);
    let expected = "<use href=\"#cl\"/><text class=\"end\" x=\"31\" y=\"16.0\">75.0</text>\
                    <text class=\"end\" x=\"31\" y=\"136.0\">25.0</text><text x=\"34\" y=\"150\">1.0</text>\
                    <text class=\"middle\" x=\"124\" y=\"150\">MFLOPs, log</text>\
                    <text class=\"end\" x=\"214\" y=\"150\">100</text>\
                    <text class=\"middle\" transform=\"translate(10 71) rotate(-90)\">truth, %</text>\
                    <path class=\"chosen\" d=\"M211.0 4.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z\"/>\
                    <path class=\"chosen\" d=\"M37.0 128.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z\"/>";
    assert_eq!(body(&svg), expected);
    let definition = costs.definition();
    assert!(
        definition.contains("<rect class=\"cloud-frame\" x=\"34\" y=\"6\" width=\"180\" height=\"130\"/>"),
        "{definition}"
    );
}
