//! Files that lie in the folder of every document.

use std::fmt::Write;

/// Each file of a page's folder, with its text:
///
/// - `mine.csv`: scores of all architectures of the carried truth of NAS-Bench-201, which follow the truth with noise;
/// - `mine2.csv`: the same with more noise of another kind;
/// - `claim.toml`: a declaration for `nas-assay lint`.
pub fn of_every_page() -> [(&'static str, String); 3] {
    let claim = DECLARATION.to_owned();
    [("mine.csv", scores(0.1, 2_654_435_761)), ("mine2.csv", scores(0.4, 2_246_822_519)), ("claim.toml", claim)]
}

const DECLARATION: &str = "sample = \"all\"\ndirection = \"higher\"\ntuned-on = \"nothing\"\nlabels-used = 0\ntraining-free = true\n\
    aggregates-pool = false\ntrajectory = false\nseconds = 0.4\n[protocol]\nbatch = 64\ninput = \"images\"\nseeds = 3\n";

/// The mean truth of each architecture, with noise of this height.
fn scores(noise: f64, factor: u32) -> String {
    let table = std::fs::read_to_string(super::root().join("fixtures/truth/nb201-micro.csv")).unwrap();
    let mut text = "architecture,score\n".to_owned();
    for (row, line) in table.lines().skip(1).enumerate() {
        let mut cells = line.split(',');
        let architecture = cells.next().unwrap();
        let runs: Vec<f64> = cells.map(|cell| cell.parse().unwrap()).collect();
        let drawn = f64::from((row as u32 + 1).wrapping_mul(factor) >> 8) / f64::from(1 << 24);
        let score = runs.iter().sum::<f64>() / runs.len() as f64 + noise * (drawn - 0.5);
        writeln!(text, "{architecture},{score:.6}").unwrap();
    }
    text
}
