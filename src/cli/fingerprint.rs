//! `nas-assay fingerprint`

use std::str::FromStr;

use crate::criteria::Criterion;
use crate::experiment::ExperimentError;
use crate::fingerprint::{
    Candidate, Certain, Convention, Count, Finding, Fingerprint, Images, Printed, SetFit, Truths, Verdict, WITHIN,
};
use clap::{ArgGroup, Args};
use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};
use nas_assay_base::text::{excerpt, grouped};
use serde::Serialize;

use super::claims::wrapped;
use super::context::Context;
use super::exit::Failure;
use super::print::{out, print_document};

const EXAMPLE: &str = "\
A row has its values for CIFAR-10, CIFAR-100 and ImageNet16-120, with commas
between them; `-` stands for one that is not printed. Each combination of a
population (all 15,625 encodings, the 9,445 without unreachable operations, the
6,466 representatives, and others), an accuracy that the data root has, and a
way of counting is tried.

Example: the rows of table 1 of AZ-NAS (CVPR 2024)
  nas-assay fingerprint --data-root DATA --params-tau .578,.552,.520 \\
      --flops-tau .578,.551,.517";

/// Say which population and truth a published table used
///
/// For tables of NAS-Bench-201. Give the table's values for #Params and, if it has them, #FLOPs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, override_usage = "nas-assay fingerprint [OPTIONS] --params-tau <VALUES>")]
#[command(group(ArgGroup::new("rows").required(true).multiple(true).args(["params_tau", "params_rho", "flops_tau", "flops_rho"])))]
pub struct Fingerprinting {
    /// Kendall's tau of #Params, such as .578,.552,.520
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    params_tau: Option<Row>,
    /// Spearman's rho of #Params
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    params_rho: Option<Row>,
    /// Kendall's tau of #FLOPs
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    flops_tau: Option<Row>,
    /// Spearman's rho of #FLOPs
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    flops_rho: Option<Row>,
    /// The table ranks this many architectures, drawn at random; then each value of a candidate is an interval
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(10..=15_625))]
    drawn: Option<u16>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The fewest decimals that a table is taken to have: `.5` may be a short form of `.50`.
const FEWEST: u8 = 2;

/// A row of a table: the value of each data set, and how many decimals the longest has.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    values: Vec<Option<f64>>,
    decimals: u8,
}

impl FromStr for Row {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut decimals = 0;
        let mut value = |part: &str| -> Result<Option<f64>, String> {
            let part = part.trim();
            if part == "-" {
                return Ok(None);
            }
            let is_plain = part.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
            let value = part.parse::<f64>().ok().filter(|value| is_plain && (-1.0..=1.0).contains(value));
            let value = value.ok_or_else(|| format!("`{}` is no number from -1 to 1", excerpt(part)))?;
            let has = part.split_once('.').map_or(0, |(_, decimals)| decimals.len().min(12) as u8);
            decimals = decimals.max(has);
            Ok(Some(value))
        };
        let values = text.split(',').map(&mut value).collect::<Result<Vec<_>, _>>()?;
        if values.len() > Images::ALL.len() {
            return Err(format!("{} values, and a row has one for each of three data sets", values.len()));
        }
        if values.iter().all(Option::is_none) {
            return Err("no value".to_owned());
        }
        Ok(Self { values, decimals })
    }
}

impl Fingerprinting {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let (printed, decimals) = self.printed();
        let mut sets: Vec<Images> = printed.iter().map(|cell| cell.images).collect();
        sets.sort_unstable();
        sets.dedup();
        let file = || ExperimentError::NoDataRoot { file: Truths::any(sets[0]) };
        let root = context.data_root().ok_or_else(file)?;
        let truths = Truths::read(&root, &sets)?;
        let drawn = self.drawn.map(usize::from);
        let found = Fingerprint::new(&printed, decimals, drawn, &truths);
        if self.json {
            return print_document("fingerprint", 1, &Report::new(&found, drawn, &truths));
        }
        out!("{}", text(&found, decimals, drawn, &truths, Context::width()));
        Ok(())
    }

    /// The values, and how many decimals the table has.
    fn printed(&self) -> (Vec<Printed>, u8) {
        let rows = [
            (Count::Params, Criterion::TauB, &self.params_tau),
            (Count::Params, Criterion::Spearman, &self.params_rho),
            (Count::Flops, Criterion::TauB, &self.flops_tau),
            (Count::Flops, Criterion::Spearman, &self.flops_rho),
        ];
        let decimals = rows.iter().filter_map(|(.., row)| Some(row.as_ref()?.decimals)).max();
        let cells = rows.into_iter().flat_map(|(count, criterion, row)| {
            let values = row.iter().flat_map(|row| Images::ALL.into_iter().zip(&row.values));
            values.filter_map(move |(images, value)| Some(Printed { images, count, criterion, value: (*value)? }))
        });
        (cells.collect(), decimals.unwrap_or_default().max(FEWEST))
    }
}

/// How many candidates are shown.
const SHOWN: usize = 5;

fn text(found: &Fingerprint, decimals: u8, drawn: Option<usize>, truths: &Truths, width: u16) -> String {
    let mut text = String::new();
    let mut line = |first: &str, content: &str| {
        let mut first = format!("{first:<12}");
        for part in wrapped(content, usize::from(width).saturating_sub(12).max(20)) {
            text.extend([first.as_str(), &part, "\n"]);
            first = " ".repeat(12);
        }
    };
    let Finding { verdict, certain, candidates, meant } = &found.together;
    let Some(best) = candidates.first() else { return text };
    line("verdict", verdict.as_str());
    if *verdict == Verdict::NoneFits {
        line("nearest", &format!("{}, up to {:.4} away", best.population.words(best.architectures()), best.distance));
    } else {
        line("population", &doubtful(best.population.words(best.architectures()), certain.population));
    }
    for set in &best.sets {
        if best.is_mixed() || set.images == best.sets[0].images {
            let of = if best.is_mixed() { format!(" ({})", set.images.title()) } else { String::new() };
            line("counted", &(doubtful(set.convention.words(), certain.convention) + &of));
        }
    }
    for set in &best.sets {
        line("truth", &doubtful(truth(set), certain.truth));
    }
    let other = |candidate: &&Candidate| {
        (candidate.population, candidate.conventions()) != (best.population, best.conventions())
    };
    if let (false, Some(next)) = (*verdict == Verdict::NoneFits, candidates.iter().find(other)) {
        let next = format!("{}, {:.4}", next.population.words(next.architectures()), next.distance);
        line("distance", &format!("at most {:.4}; next: {next}", best.distance));
    }
    text.extend([format!("\n{}\n", cells(best, decimals, width))]);
    if *verdict != Verdict::Identified || *meant > 1 {
        text.extend([format!("\n{}\n", nearest(&candidates[..SHOWN.min(candidates.len())], width))]);
    }
    if !found.alone.is_empty() {
        let alone = |(images, finding): &(Images, Finding)| {
            let best = finding.candidates.first();
            let of = |best: &Candidate| best.population.words(best.architectures());
            let best = best.map_or(String::new(), |best| format!(" ({}, {:.4})", of(best), best.distance));
            format!("{} {}{best}", images.title(), finding.verdict.as_str())
        };
        let alone: Vec<String> = found.alone.iter().map(alone).collect();
        text += "\n";
        paragraph(&mut text, &format!("Each data set alone: {}.", alone.join("; ")), width);
    }
    for note in notes(found, drawn, truths) {
        text += "\n";
        paragraph(&mut text, &note, width);
    }
    text
}

/// What else has to be said.
fn notes(found: &Fingerprint, drawn: Option<usize>, truths: &Truths) -> Vec<String> {
    let mut notes = Vec::new();
    let best = found.together.candidates.first();
    if best.is_some_and(|best| best.fits && best.is_mixed()) {
        notes.push("The columns do not count alike: no single way of counting fits all data sets.".to_owned());
    }
    match drawn {
        Some(drawn) => notes.push(format!(
            "Of {} architectures drawn at random, each value of a candidate is an interval that 99 % of such tables are in (from 100 \
             draws); a candidate fits if all values are inside. Several often do.",
            grouped(drawn as u64)
        )),
        None if found.together.verdict == Verdict::NoneFits => notes.push(format!(
            "No candidate has every value within {WITHIN}, but for rounding. If the table ranks architectures that were drawn at random, \
             give their number with `--drawn N`."
        )),
        None => {}
    }
    if !truths.missing.is_empty() {
        let count = truths.missing.len();
        let accuracies = if count == 1 { "1 accuracy".to_owned() } else { format!("{count} accuracies") };
        notes.push(format!(
            "Not tried: {accuracies} that the data root does not have (`nas-assay data list` says what makes them)."
        ));
    }
    notes
}

fn paragraph(text: &mut String, content: &str, width: u16) {
    text.extend(wrapped(content, usize::from(width)).into_iter().map(|line| line + "\n"));
}

/// Marks what others that fit alike contradict.
fn doubtful(words: String, certain: bool) -> String {
    if certain { words } else { format!("{words} (uncertain)") }
}

/// The accuracy of a data set, and those that fit too.
fn truth(set: &SetFit) -> String {
    let words = set.accuracy.words();
    let others: Vec<String> = set.others.iter().map(ToString::to_string).collect();
    match others.len() {
        0 => format!("{words} ({})", set.accuracy),
        _ => format!("{words} ({}; also within: {})", set.accuracy, others.join(", ")),
    }
}

fn plain(headings: &[&str], numbers: &[usize], width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(headings);
    for &column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The values of a candidate.
fn cells(best: &Candidate, decimals: u8, width: u16) -> Table {
    let decimals = usize::from(decimals);
    let with_intervals = best.sets.iter().any(|set| set.intervals.is_some());
    let last = if with_intervals { "interval" } else { "difference" };
    let mut table = plain(&["data set", "row", "criterion", "printed", "here", last], &[3, 4, 5], width);
    for set in &best.sets {
        for (place, (cell, value)) in set.cells.iter().enumerate() {
            let last = match (&set.intervals, value) {
                (Some(intervals), _) => format!("[{:.3}, {:.3}]", intervals[place][0], intervals[place][1]),
                (None, Some(value)) => format!("{:+.4}", value - cell.value),
                (None, None) => "undefined".to_owned(),
            };
            table.add_row([
                set.images.title().to_owned(),
                cell.count.title().to_owned(),
                if cell.criterion == Criterion::Spearman { "rho" } else { "tau-b" }.to_owned(),
                format!("{:.decimals$}", cell.value),
                value.map_or("undefined".to_owned(), |value| format!("{value:.4}")),
                last,
            ]);
        }
    }
    table
}

/// The nearest candidates.
fn nearest(candidates: &[Candidate], width: u16) -> Table {
    let mut table = plain(&["candidate", "counted", "largest distance", "fits"], &[2], width);
    for candidate in candidates {
        let mut counted: Vec<String> = candidate.conventions().into_iter().map(Convention::words).collect();
        counted.dedup();
        table.add_row([
            candidate.population.words(candidate.architectures()),
            counted.join("; "),
            format!("{:.4}", candidate.distance),
            if candidate.fits { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table
}

/// The finding as JSON.
#[derive(Serialize)]
struct Report {
    drawn: Option<usize>,
    #[serde(flatten)]
    together: FindingJson,
    /// What each data set says by itself.
    data_sets: Vec<AloneJson>,
    not_tried: Vec<String>,
}

#[derive(Serialize)]
struct AloneJson {
    data_set: &'static str,
    #[serde(flatten)]
    finding: FindingJson,
}

#[derive(Serialize)]
struct FindingJson {
    verdict: Verdict,
    certain: Certain,
    /// Of `candidates`, the first so many may be meant.
    meant: usize,
    candidates: Vec<CandidateJson>,
}

#[derive(Serialize)]
struct CandidateJson {
    population: &'static str,
    architectures: usize,
    distance: Option<f64>,
    fits: bool,
    mixed: bool,
    data_sets: Vec<SetJson>,
}

#[derive(Serialize)]
struct SetJson {
    data_set: &'static str,
    edges: &'static str,
    pooling: Option<bool>,
    accuracy: String,
    also_within: Vec<String>,
    architectures: usize,
    values: Vec<ValueJson>,
}

#[derive(Serialize)]
struct ValueJson {
    row: &'static str,
    criterion: Criterion,
    printed: f64,
    here: Option<f64>,
    interval: Option<[f64; 2]>,
}

impl Report {
    fn new(found: &Fingerprint, drawn: Option<usize>, truths: &Truths) -> Self {
        let alone =
            |(images, finding): &(Images, Finding)| AloneJson { data_set: images.title(), finding: finding.into() };
        Self {
            drawn,
            together: (&found.together).into(),
            data_sets: found.alone.iter().map(alone).collect(),
            not_tried: truths.missing.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Finding> for FindingJson {
    fn from(finding: &Finding) -> Self {
        Self {
            verdict: finding.verdict,
            certain: finding.certain,
            meant: finding.meant,
            candidates: finding.candidates.iter().map(CandidateJson::from).collect(),
        }
    }
}

impl From<&Candidate> for CandidateJson {
    fn from(candidate: &Candidate) -> Self {
        Self {
            population: candidate.population.name(),
            architectures: candidate.architectures(),
            distance: Some(candidate.distance).filter(|distance| distance.is_finite()),
            fits: candidate.fits,
            mixed: candidate.is_mixed(),
            data_sets: candidate.sets.iter().map(SetJson::from).collect(),
        }
    }
}

impl From<&SetFit> for SetJson {
    fn from(set: &SetFit) -> Self {
        let value = |(place, (cell, here)): (usize, &(Printed, Option<f64>))| ValueJson {
            row: if cell.count == Count::Params { "params" } else { "flops" },
            criterion: cell.criterion,
            printed: cell.value,
            here: *here,
            interval: set.intervals.as_ref().map(|intervals| intervals[place]),
        };
        Self {
            data_set: set.images.title(),
            edges: if set.convention.live { "live" } else { "written" },
            pooling: set.convention.pooling,
            accuracy: set.accuracy.to_string(),
            also_within: set.others.iter().map(ToString::to_string).collect(),
            architectures: set.architectures,
            values: set.cells.iter().enumerate().map(value).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataRoot;
    use crate::space::nb201::Architecture;

    #[test]
    fn findings_fit_80_columns_with_and_without_a_sample() {
        let folder = tempfile::tempdir().unwrap();
        let name = "cifar10-half-valid-200-nats-mean";
        let rows = Architecture::all().enumerate().map(|(place, one)| format!("{one},{}\n", place % 89));
        let path = folder.path().join("truth/nb201");
        std::fs::create_dir_all(&path).unwrap();
        let table = format!("architecture,{name}\n{}", rows.collect::<String>());
        std::fs::write(path.join(format!("{name}.csv")), table).unwrap();
        let truths = Truths::read(&DataRoot::new(folder.path()), &[Images::Cifar10]).unwrap();
        let cell = |count| Printed { images: Images::Cifar10, count, criterion: Criterion::Spearman, value: 0.1 };
        let printed = [cell(Count::Params), cell(Count::Flops)];
        for (drawn, said) in [(None, "none fits"), (Some(100), "Of 100 architectures")] {
            let found = Fingerprint::new(&printed, 3, drawn, &truths);
            let text = text(&found, 3, drawn, &truths, 80);
            assert!(text.contains(said), "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        }
    }

    #[test]
    fn a_row_has_up_to_three_values() {
        let row = |text: &str| text.parse::<Row>();
        assert_eq!(row(".5,-,-.25"), Ok(Row { values: vec![Some(0.5), None, Some(-0.25)], decimals: 2 }));
        assert_eq!(row(" .5 , 1 "), Ok(Row { values: vec![Some(0.5), Some(1.0)], decimals: 1 }));
        for wrong in ["", "-", ".5,,.5", "1.01", "nan", "inf", "1e-1", ".1,.2,.3,.4"] {
            assert!(row(wrong).is_err(), "{wrong}");
        }
    }
}
