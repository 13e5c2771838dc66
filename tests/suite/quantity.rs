//! Tests of truths that are no percentages, from their tables to reports.

use super::advice::{after, printed};
use super::common::Bench;
use super::verify::csv;

#[test]
fn a_quantity_is_named_as_the_errors_say() {
    let bench = Bench::new();
    let texts = bench.run(&["architectures", "--space", "nb201", "--count", "4", "--seed", "1"]).exits(0).stdout;
    let row = |(place, text): (usize, &str)| format!("{text},{},{},{}\n", 3 + place, 8 - place, 50 + place);
    let rows: String = texts.lines().enumerate().map(row).collect();
    bench.write("table.csv", format!("architecture,lat [ms],pow [mJ],plain\n{rows}"));
    let scores: Vec<(String, f64)> = texts.lines().map(str::to_owned).zip([0.0, 1.0, 2.0, 3.0]).collect();
    bench.write("mine.csv", csv(&scores));
    let all = ["verify", "--space", "nb201", "--scores", "mine.csv"];
    let with = |more: &[&str]| bench.run(&[&all[..], &["--truth", "table.csv"], more].concat());
    let text = printed(&with(&[]).exits(2).says("has the columns lat [ms], pow [mJ], plain"));
    let [accuracy, quantity] = [after(&text, "choose one with ", &[',']), after(&text, "or with ", &[' '])];
    with(&[accuracy, "plain"]).exits(0).prints("Truth: measured: plain: 4 architectures, from 50.00 % to 53.00 %");
    // The unit is in the header; which way is better is said by nobody.
    let text = printed(
        &with(&[quantity, "lat"]).exits(2).says("nothing says whether higher or lower numbers of lat [ms] are better"),
    );
    for (option, way) in [("say `", "higher"), ("or `", "lower")] {
        let option: Vec<&str> = after(&text, option, &['`']).split(' ').collect();
        assert_eq!(option, ["--better", way]);
        let said = format!("Truth: measured: lat, ms, {way} is better: 4 architectures, from 3.000 ms to 6.000 ms");
        with(&[&[quantity, "lat"], &option[..]].concat()).exits(0).prints(&said);
    }
    with(&[quantity, "lat [ms]", "--better", "lower"]).exits(0);
    // A quantity is no accuracy.
    let text = printed(&with(&[accuracy, "lat"]).exits(2).says("--truth: the numbers of lat [ms] are no percentages"));
    let (option, better) = (after(&text, "name the column with ", &[',']), after(&text, "say with `", &['`']));
    let better: Vec<&str> = better.split(' ').collect();
    with(&[&[option, "lat"], &better[..]].concat()).exits(0);
    // A column without a unit gets one.
    let plain = ["--quantity", "plain", "--better", "lower"];
    let text = printed(&with(&plain).exits(2).says("plain has no unit in the header of the table"));
    for option in [after(&text, "such as `", &['`']), after(&text, "; `", &['`'])] {
        let option: Vec<&str> = option.split(' ').collect();
        let unit = if option[1] == "1" { "no unit" } else { option[1] };
        with(&[&plain[..], &option].concat()).exits(0).prints(&format!("measured: plain, {unit}, lower is better"));
    }
    let two = ["--quantity", "lat", "--better", "lower", "--unit", "s"];
    with(&two).exits(2).says("--unit: the numbers of lat [ms] are in another unit than s").says("leave out --unit");
    with(&two[..4]).exits(0);
    let mixed = ["--quantity", "lat,pow", "--better", "lower"];
    with(&mixed).exits(2).says("the numbers of pow [mJ] are in another unit than ms").says("name columns of one unit");
    with(&["--quantity", "late", "--better", "lower"]).exits(2).says("table.csv has no column late");
    let text = printed(&bench.run(&[&all[..], &["--truth", "carried", "--quantity", "lat"]].concat()).exits(2));
    assert!(text.contains("--quantity, --unit and --better are for a table"), "{text}");
    let option: Vec<&str> = after(&text, "are for a table: `", &['`']).split(' ').collect();
    assert_eq!(option, ["--truth", "FILE"]);
}
