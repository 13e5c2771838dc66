//! NDS, "On Network Design Spaces for Visual Recognition" (Radosavovic et al., ICCV 2019): `data.zip`, its folder `nds_data`, or the JSON
//! files of single sweeps. Of its sweeps, those of the spaces `ResNet` and `ResNeXt-A` on CIFAR-10 are used; the others are passed over.
//!
//! A sweep is an array of jobs, one for each trained network. The accuracy is 100 % less the lowest error on the *test* set during the
//! training, so it is a bit higher than that of the last epoch. Errors have two decimals in the files, so all is computed in hundredths of
//! a percent, and no rounding of binary fractions enters a table.
//!
//! | table | from |
//! |---|---|
//! | `truth/nds_resnet.csv` | `ResNet_rng1.json`, `ResNet_rng2.json`, `ResNet_rng3.json`: the same networks, trained with three seeds. Rows in the order of the first; the mean, to four decimals |
//! | `truth/nds_resnext_a.csv` | `ResNeXt-A.json`, of which the paper drew 5,000 networks at random; they are named in `hints/nds_resnext_a.bin` |

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;

use nas_assay_base::digest::sha256_hex;
use nas_assay_schema::truth::nds::{NdsTable, Tabled};
use nas_assay_spaces::nds::{Architecture, Kind, ResNeXtA, ResNet, STAGES};
use serde::Deserialize;

use crate::files::{Files, file_name};
use crate::json::{self, Few};
use crate::{DataError, Made, catalogue};

/// The networks of the paper's sample of `ResNeXt-A`, in its order: for each the index of its encoding (3 bytes, little-endian) and the
/// hundredths of its accuracy modulo 256, which tell apart two trainings of one encoding.
const SAMPLE: &[u8] = include_bytes!("../../hints/nds_resnext_a.bin");

/// Makes the tables of the sweeps that are there.
///
/// # Errors
/// If there is no sweep that is used, a part of the three of `ResNet`, or a file that is damaged or another version.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let (mut found, mut others) = (Found::default(), Vec::new());
    files.each(&mut |path, source| {
        let used = found.take(path, source)?;
        if !used && others.len() < 8 {
            others.push(file_name(path).to_owned());
        }
        Ok(())
    })?;
    let mut made = Vec::new();
    if let Some(table) = found.resnet()? {
        made.push(official::<ResNet>(table)?);
    }
    if let Some(table) = found.resnext_a(SAMPLE)? {
        made.push(official::<ResNeXtA>(table)?);
    }
    if made.is_empty() {
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        let wanted = "ResNet_rng1.json, ResNet_rng2.json and ResNet_rng3.json, or ResNeXt-A.json, of NDS";
        return Err(DataError::Incomplete(format!("expected {wanted}; found {others}")));
    }
    Ok(made)
}

/// A job of a sweep, as far as it is used.
#[derive(Debug, Deserialize)]
struct Job {
    params: u64,
    flops: u64,
    min_test_top1: f64,
    net: Net,
}

/// A network. Lists begin with the stem, then come the stages.
#[derive(Debug, Deserialize)]
struct Net {
    block_type: String,
    ds: Few,
    ws: Few,
    bot_muls: Option<Few>,
    num_gs: Option<Few>,
}

/// A space of NDS.
trait Swept: Tabled {
    /// The name of its blocks.
    const BLOCK: &'static str;
}

impl Swept for ResNet {
    const BLOCK: &'static str = "res_basic_block";
}

impl Swept for ResNeXtA {
    const BLOCK: &'static str = "res_bottleneck_block";
}

impl Net {
    fn architecture<F: Swept>(&self) -> Result<Architecture<F>, String> {
        if self.block_type != F::BLOCK {
            return Err(format!("a network of {} has blocks `{}`, not `{}`", F::NAME, self.block_type, F::BLOCK));
        }
        let lists = [
            ("ds", Some(&self.ds)),
            ("ws", Some(&self.ws)),
            ("bot_muls", self.bot_muls.as_ref()),
            ("num_gs", self.num_gs.as_ref()),
        ];
        let mut architecture = Architecture::FIRST;
        for (place, (decision, (name, list))) in F::DECISIONS.iter().zip(lists).enumerate() {
            let Few(list) = list.ok_or_else(|| format!("missing field `{name}`"))?;
            let [_, stages @ ..] = list.as_slice() else { return Err(format!("`{name}` is empty")) };
            if stages.len() != STAGES {
                return Err(format!("`{name}` has {} values, expected the stem and {STAGES} stages", list.len()));
            }
            for (stage, &value) in stages.iter().enumerate() {
                let choice = decision.choice_of(value).ok_or_else(|| {
                    let values: Vec<String> = decision.values.iter().map(|&v| decision.text(v).to_string()).collect();
                    format!("`{name}` has {value}, expected one of {}", values.join(", "))
                })?;
                architecture = architecture.with(STAGES * place + stage, choice);
            }
        }
        Ok(architecture)
    }
}

/// The accuracy in hundredths of a percent, from an error in percent with two decimals.
fn right(error: f64) -> Result<u16, String> {
    // A hundredth over 100 is the 64-bit number that is nearest to the decimal; files may be off by the rounding of one subtraction.
    const NOISE: f64 = 1e-9;
    let hundredths = (100.0 * error).round();
    let near = (hundredths / 100.0 - error).abs() < NOISE;
    if near && (0.0..=10_000.0).contains(&hundredths) {
        Ok(10_000 - hundredths as u16)
    } else {
        Err(format!("`min_test_top1` is {error}, expected a percentage with two decimals"))
    }
}

/// What is kept of a job.
#[derive(Clone, Copy, Debug)]
struct Trained {
    index: u32,
    params: u64,
    flops: u64,
    /// Hundredths of a percent.
    right: u16,
}

impl Trained {
    fn new<F: Swept>(job: &Job) -> Result<Self, String> {
        let index = job.net.architecture::<F>()?.index() as u32;
        Ok(Self { index, params: job.params, flops: job.flops, right: right(job.min_test_top1)? })
    }
}

/// A table before it is known to be the official one, and the file that it is from.
#[derive(Debug)]
struct Table {
    file: String,
    text: String,
}

/// The sweeps that were found, each with its path.
#[derive(Debug, Default)]
struct Found {
    seeds: [Option<(String, Vec<Trained>)>; 3],
    resnext_a: Option<(String, Vec<Trained>)>,
}

/// Most jobs that a sweep may have: the design spaces have some 25,000 each.
const JOBS: u64 = 1_000_000;

impl Found {
    /// Takes a file, if it is a sweep that is used.
    fn take(&mut self, path: &str, source: &mut dyn Read) -> Result<bool, DataError> {
        let name = file_name(path);
        let sweep = match name.strip_prefix("ResNet_rng").and_then(|rest| rest.strip_suffix(".json")) {
            Some("1") => &mut self.seeds[0],
            Some("2") => &mut self.seeds[1],
            Some("3") => &mut self.seeds[2],
            _ if name == "ResNeXt-A.json" => &mut self.resnext_a,
            _ => return Ok(false),
        };
        if let Some((other, _)) = sweep {
            return Err(DataError::content(path, format!("the sweep is there twice, in {other} too")));
        }
        let trained = if name == "ResNeXt-A.json" { Trained::new::<ResNeXtA> } else { Trained::new::<ResNet> };
        let mut jobs = Vec::new();
        json::each(path, source, |number, job: Job| {
            if number == JOBS {
                return Err(format!("the sweep has more than {JOBS} jobs"));
            }
            jobs.push(trained(&job).map_err(|problem| format!("job {number} (from 0): {problem}"))?);
            Ok(())
        })?;
        *sweep = Some((path.to_owned(), jobs));
        Ok(true)
    }

    /// The table of `ResNet`, if there is one of its sweeps.
    fn resnet(&self) -> Result<Option<Table>, DataError> {
        let [first, others @ ..] = &self.seeds;
        if self.seeds.iter().all(Option::is_none) {
            return Ok(None);
        }
        let missing = self.seeds.iter().zip(1..).find(|(sweep, _)| sweep.is_none());
        let (Some((file, first)), None) = (first, missing) else {
            let number = missing.map_or(1, |(_, number)| number);
            return Err(DataError::Incomplete(format!(
                "ResNet_rng{number}.json is missing: the accuracies of ResNet are means over ResNet_rng1.json, ResNet_rng2.json and \
                 ResNet_rng3.json"
            )));
        };
        by_encoding::<ResNet>(file, first)?;
        let mut more = Vec::with_capacity(2);
        for (other, jobs) in others.iter().flatten() {
            if jobs.len() != first.len() {
                let problem = format!("has {} networks, but {file} has {}", jobs.len(), first.len());
                return Err(DataError::content(other, problem));
            }
            more.push((other, by_encoding::<ResNet>(other, jobs)?));
        }
        let mut table = header::<ResNet>();
        for job in first {
            let mut sum = u32::from(job.right);
            for (other, known) in &more {
                let same = known.get(&job.index).ok_or_else(|| {
                    DataError::content(
                        *other,
                        format!("has no network {}, which {file} has", name::<ResNet>(job.index)),
                    )
                })?;
                sum += u32::from(same.right);
            }
            row::<ResNet>(&mut table, job, mean(sum));
        }
        Ok(Some(Table { file: file.clone(), text: table }))
    }

    /// The table of the networks of `sample` in `ResNeXt-A`, if there is that sweep.
    fn resnext_a(&self, sample: &[u8]) -> Result<Option<Table>, DataError> {
        let Some((file, jobs)) = &self.resnext_a else { return Ok(None) };
        let mut places: BTreeMap<(u32, u8), Option<Trained>> = rows(sample).map(|row| (row, None)).collect();
        for job in jobs {
            let Some(place) = places.get_mut(&(job.index, check(job.right))) else { continue };
            if place.is_some_and(|other| other.right != job.right) {
                let network = name::<ResNeXtA>(job.index);
                let problem = format!("has two trainings of {network} that the paper's sample does not tell apart");
                return Err(DataError::content(file, problem));
            }
            *place = Some(*job);
        }
        let mut table = header::<ResNeXtA>();
        for (number, row_of) in rows(sample).enumerate() {
            let job = places.get(&row_of).copied().flatten().ok_or_else(|| {
                let problem = format!(
                    "has no training of {} with the accuracy of row {} of the paper's sample",
                    name::<ResNeXtA>(row_of.0),
                    number + 1
                );
                DataError::content(file, problem)
            })?;
            row::<ResNeXtA>(&mut table, &job, f64::from(job.right) / 100.0);
        }
        Ok(Some(Table { file: file.clone(), text: table }))
    }
}

/// The rows of a sample: index of the encoding, and check byte.
fn rows(sample: &[u8]) -> impl Iterator<Item = (u32, u8)> {
    sample.chunks_exact(4).map(|row| (u32::from_le_bytes([row[0], row[1], row[2], 0]), row[3]))
}

/// What the sample has of an accuracy in hundredths of a percent.
fn check(right: u16) -> u8 {
    (right % 256) as u8
}

/// The text of an encoding.
fn name<F: Swept>(index: u32) -> String {
    Architecture::<F>::from_index(index as usize).map_or_else(|| format!("number {index}"), |a| a.to_string())
}

/// The jobs by encoding, each of which may be there once.
fn by_encoding<F: Swept>(file: &str, jobs: &[Trained]) -> Result<BTreeMap<u32, Trained>, DataError> {
    let mut known = BTreeMap::new();
    for job in jobs {
        if known.insert(job.index, *job).is_some() {
            let problem = format!("has the network {} twice", name::<F>(job.index));
            return Err(DataError::content(file, problem));
        }
    }
    Ok(known)
}

/// The mean of three accuracies in percent, to four decimals, from the sum of their hundredths.
///
/// It is a whole number over 300, so its third decimal and all after it are 0, 3 or 6: no rounding can be in doubt.
fn mean(sum: u32) -> f64 {
    f64::from((100 * sum + 1) / 3) / 10_000.0
}

fn header<F: Swept>() -> String {
    F::COLUMNS.join(",") + "\n"
}

fn row<F: Swept>(table: &mut String, job: &Trained, accuracy: f64) {
    let Some(architecture) = Architecture::<F>::from_index(job.index as usize) else { return };
    for (place, decision) in F::DECISIONS.iter().enumerate() {
        for value in architecture.values(place) {
            // A ratio has a decimal in this table, as the accuracy.
            let _ = match decision.kind {
                Kind::Ratio => write!(table, "{:?},", f64::from(value) / 4.0),
                Kind::Depth | Kind::Width | Kind::Groups => write!(table, "{value},"),
            };
        }
    }
    let _ = writeln!(table, "{},{},{accuracy:?}", job.params, job.flops);
}

/// The table, if it is the one of the paper.
fn official<F: Swept>(table: Table) -> Result<Made, DataError> {
    let Table { file, text } = table;
    let bytes = text.into_bytes();
    if let Err(error) = NdsTable::<F>::parse(F::FILE, &bytes) {
        return Err(DataError::content(file, format!("makes another table than the benchmark's: {error}")));
    }
    let (path, digest) = (format!("truth/{}", F::FILE), sha256_hex(&bytes));
    let pinned = catalogue::digest_of(&path).unwrap_or_default();
    if digest != pinned {
        let problem = format!(
            "makes a table {} with the SHA-256 {digest}, not {pinned}: the file is changed, or another version than the paper's",
            F::FILE
        );
        return Err(DataError::content(file, problem));
    }
    Ok(Made { path, bytes, notes: Vec::new() })
}

#[cfg(test)]
mod tests;
