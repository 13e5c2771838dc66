//! The numbers that goldens pin.

use std::collections::BTreeMap;

use nas_assay::report::golden;

/// A golden of the CPU, and the spec that it is of.
#[derive(Debug)]
pub struct Golden {
    /// The name of the spec.
    pub name: String,
    /// The title of the spec.
    pub title: String,
    /// The space of the spec.
    pub space: String,
    /// The hash of the spec.
    pub hash: String,
    /// The number of architectures of each panel.
    pub panels: BTreeMap<String, usize>,
    /// The rows of each panel, in the order of the report.
    pub rows: Vec<Row>,
    values: BTreeMap<String, String>,
}

/// A ranking of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The panel.
    pub panel: String,
    /// The estimator or the vote.
    pub id: String,
    /// The variant, the seed and the epoch, in the words of the record; empty if there is none.
    pub about: String,
    key: String,
}

impl Row {
    /// Whether it has the settings of the spec itself. Checkpoints of supernets have.
    pub fn is_own(&self) -> bool {
        self.about.is_empty() || self.about.starts_with("seed ") || self.about.starts_with("mean ")
    }

    /// The estimator with what is said about it.
    pub fn label(&self) -> String {
        if self.about.is_empty() { format!("`{}`", self.id) } else { format!("`{}`, {}", self.id, self.about) }
    }
}

/// All goldens of the CPU, by the name of the spec.
pub fn all() -> Vec<Golden> {
    let name = |file: std::fs::DirEntry| file.file_name().to_str()?.strip_suffix("@cpu.snap").map(str::to_owned);
    let mut names: Vec<String> = std::fs::read_dir("golden").unwrap().filter_map(|file| name(file.unwrap())).collect();
    names.sort();
    names.iter().map(|name| Golden::of(name)).collect()
}

impl Golden {
    fn of(name: &str) -> Self {
        let file = std::fs::read_to_string(format!("golden/{name}@cpu.snap")).unwrap();
        let spec = std::fs::read_to_string(format!("fixtures/specs/{name}.toml")).unwrap();
        let spec: toml::Table = spec.parse().unwrap();
        let text = |key: &str| spec[key].as_str().unwrap().to_owned();
        Self::read(name, &text("title"), &text("space"), golden::body(&file))
    }

    fn read(name: &str, title: &str, space: &str, lines: &str) -> Self {
        let pairs = lines.lines().filter_map(|line| line.split_once(' ')?.1.trim_start().split_once(" = "));
        let (mut panels, mut rows, mut values) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for (key, value) in pairs {
            match key.split_once('#') {
                Some((of, _)) if !of.contains('.') => *panels.entry(of.to_owned()).or_insert(0) += 1,
                Some(_) => {}
                None => drop(values.insert(key.to_owned(), value.to_owned())),
            }
            // Each ranking has this criterion, and nothing else has it.
            if let Some((panel, label)) = key.strip_suffix(".spearman").and_then(|key| key.split_once('.')) {
                let label = label.replace(' ', "_");
                let (id, about) = label.split_once("_(").unwrap_or((&label, ""));
                let about = about.trim_end_matches(')').replace('_', " ");
                let key = format!("{panel}.{label}");
                rows.push(Row { panel: panel.to_owned(), id: id.to_owned(), about, key });
            }
        }
        let hash = values["spec_hash"].clone();
        let [name, title, space] = [name, title, space].map(str::to_owned);
        Self { name, title, space, hash, panels, rows, values }
    }

    /// A number of a ranking, with three decimals.
    pub fn number(&self, row: &Row, of: &str) -> String {
        three_decimals(&self.values[&format!("{}.{of}", row.key)])
    }

    /// A number of a ranking that not every ranking has.
    pub fn some_number(&self, row: &Row, of: &str) -> Option<String> {
        self.values.get(&format!("{}.{of}", row.key)).map(|value| three_decimals(value))
    }

    /// A proportion of a ranking, in percent; undefined if the scores rank nothing.
    pub fn percent(&self, row: &Row, of: &str) -> String {
        if self.values.get(&format!("{}.tau_b", row.key)).is_some_and(|tau_b| tau_b == "undefined") {
            return "undefined".to_owned();
        }
        let value: f64 = self.values[&format!("{}.{of}", row.key)].parse().unwrap();
        format!("{:.1} %", 100.0 * value)
    }

    /// How many scores of a ranking are not finite.
    pub fn not_finite(&self, row: &Row) -> &str {
        &self.values[&format!("{}.not_finite", row.key)]
    }

    /// The difference to a baseline with the verdict of the paired test.
    pub fn against(&self, row: &Row, baseline: &str) -> String {
        let of = |what: &str| self.values.get(&format!("{} against {baseline}.{what}", row.key));
        let (Some(difference), Some(verdict)) = (of("difference"), of("verdict")) else { return String::new() };
        match difference.as_str() {
            "undefined" => difference.clone(),
            difference => format!("{}, {}", three_decimals(difference), verdict.to_lowercase()),
        }
    }
}

/// A number of a golden with three decimals; a zero has no sign.
pub fn three_decimals(value: &str) -> String {
    let Ok(number) = value.parse::<f64>() else { return value.to_owned() };
    let text = format!("{number:.3}");
    if text == "-0.000" { "0.000".to_owned() } else { text }
}

#[test]
fn the_lines_of_a_golden_become_rankings_with_numbers() {
    let lines = "exact    spec_hash = 0a\nexact    all#1 = t\nexact    all#2 = u\nnumeric  all.snip.tau_b = 0.12345\n\
                 numeric  all.snip.spearman = undefined\nexact    all.snip.not_finite = 1\nnumeric  all.snip#1 = 7\n\
                 numeric  all.snip_(a,_seed_20,_epoch_5).spearman = -0.0001\nnumeric  all.snip_(a,_seed_20,_epoch_5).P@top0.05 = 0.25\n\
                 numeric  all.snip against params.difference = -0.5\nexact    all.snip against params.verdict = Worse\n\
                 numeric  all.snip against flops.difference = undefined\nexact    all.snip against flops.verdict = Undecided\n";
    let golden = Golden::read("n", "t", "s", lines);
    let [own, other] = &golden.rows[..] else { panic!("{golden:?}") };
    assert_eq!((golden.hash.as_str(), golden.panels["all"]), ("0a", 2));
    assert_eq!((own.is_own(), other.is_own(), other.about.as_str()), (true, false, "a, seed 20, epoch 5"));
    assert_eq!((golden.number(own, "tau_b"), golden.number(own, "spearman")), ("0.123".into(), "undefined".into()));
    assert_eq!(
        (golden.number(other, "spearman"), golden.percent(other, "P@top0.05")),
        ("0.000".into(), "25.0 %".into())
    );
    assert_eq!((golden.not_finite(own), golden.against(own, "params")), ("1", "-0.500, worse".into()));
    assert_eq!(golden.against(own, "flops"), "undefined");
    assert_eq!((golden.against(other, "params"), golden.some_number(own, "agreement")), (String::new(), None));
}
