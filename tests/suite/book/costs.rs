//! What one architecture costs.

use std::collections::BTreeMap;

/// The measured seconds of some estimators in each space.
#[derive(Debug, PartialEq)]
pub struct Costs {
    /// The spaces, in the order of the columns.
    pub spaces: Vec<String>,
    /// The seconds of an estimator in each space, as they are written in the file.
    pub seconds: BTreeMap<String, Vec<String>>,
    /// The estimators, in the order of the file.
    pub order: Vec<String>,
}

/// How the seconds were measured.
pub const MEASURED: &str = "These are seconds for one architecture, on one core of an AMD EPYC (Zen 5). The networks have the paper's size \
    (`preset = \"paper\"`). They are sub-networks of a supernet, except on NAS-Bench-201. A batch has 64 images. Each estimator ran \
    alone. A value is the user time of `nas-assay run` on four architectures, start-up included, divided by four.";

impl Costs {
    /// Reads `fixtures/costs/estimators.csv`.
    pub fn read() -> Self {
        let text = std::fs::read_to_string("fixtures/costs/estimators.csv").unwrap();
        let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
        let head = lines.next().unwrap();
        let rows: Vec<(String, Vec<String>)> = lines.map(|cells| (cells[0].clone(), cells[1..].to_vec())).collect();
        for (id, seconds) in &rows {
            assert!(seconds.len() + 1 == head.len() && seconds.iter().all(|cell| cell.parse::<f64>().is_ok()), "{id}");
        }
        let order = rows.iter().map(|(id, _)| id.clone()).collect();
        Self { spaces: head[1..].to_vec(), seconds: rows.into_iter().collect(), order }
    }
}

/// The rows of the table of costs in a text: estimators with their seconds.
pub fn rows_in(text: &str, spaces: &[String]) -> Vec<(String, Vec<String>)> {
    let head: Vec<String> = spaces.iter().map(|space| format!("`{space}`")).collect();
    let Some((_, rest)) = text.split_once(&format!("| estimator | {} |\n", head.join(" | "))) else {
        return Vec::new();
    };
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let id = cells[0].split('`').nth(1)?.to_owned();
        let number = |cell: &&str| if cell.starts_with('.') { format!("0{cell}") } else { (*cell).to_owned() };
        Some((id, cells[1..].iter().map(number).collect()))
    };
    rest.lines().skip(1).map_while(|line| line.strip_prefix("| ")).filter_map(row).collect()
}
