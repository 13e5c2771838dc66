//! The tables that follow from a whole release.

use nas_assay_spaces::nb201::{Architecture, COUNT};

use super::record::{Record, Release};
use super::sets::{ALL, CIFAR10, FULL, LESS, SEED_888};
use crate::table::{Measured, Share};
use crate::{DataError, Made};

/// Seeds other than 888 on CIFAR-10, for each index of the benchmark, in the four lowest bits of a byte: the mean of `v1_0` takes 777, or 999;
/// `v1_1` has 777, or 999.
///
/// Which seeds `v1_0` itself has is not known here. What is known is its means, and each equals, in five decimals, the mean of some seeds of
/// `v1_1`, 888 among them: the two lowest bits tell the fewest such seeds. `v1_0` is said to have one seed of 6,219 architectures, two of 1,621,
/// and three of 7,785; here these counts are 6,617, 1,680, and 7,328.
const SEEDS: &[u8] = include_bytes!("../../hints/nb201_seeds.bin");

/// The seeds on CIFAR-10, as places in 777, 888, 999: those that `v1_1` has, or those of it whose mean is that of `v1_0`.
pub(super) fn seeds_of(release: Release, index: usize) -> Vec<usize> {
    let bits = SEEDS.get(index).map_or(0, |byte| if release == Release::First { *byte } else { byte >> 2 });
    [(bits & 1 != 0).then_some(0), Some(SEED_888), (bits & 2 != 0).then_some(2)].into_iter().flatten().collect()
}

/// A whole release: a record for each of the first indices of the benchmark, in their order.
#[derive(Debug)]
pub(super) struct Benchmark {
    pub release: Release,
    /// What it was read from.
    pub file: String,
    pub records: Vec<Record>,
}

impl Benchmark {
    /// Refuses a whole release whose architectures have other numbers of seeds on CIFAR-10 than they are known to have. Of v1.0 it is known
    /// that it has fewer than v1.1.
    pub(super) fn check_seeds(&self) -> Result<(), String> {
        if self.records.len() < COUNT || self.release == Release::Nats {
            return Ok(());
        }
        let mut fewer = false;
        for record in &self.records {
            let known = record.full[CIFAR10].iter().flatten().count();
            let due = seeds_of(Release::Second, record.index).len();
            fewer |= known < due;
            if known > due || known < due && self.release == Release::Second {
                return Err(format!(
                    "architecture {} was trained with {known} seeds on cifar10, but in {} with {due}: this is no release that is known",
                    record.index,
                    Release::Second.name()
                ));
            }
        }
        if self.release == Release::First && !fewer {
            let (first, second) = (Release::First.name(), Release::Second.name());
            return Err(format!(
                "it has the 12-epoch trainings of {first}, but the seeds of {second}: this is no release that is known"
            ));
        }
        Ok(())
    }

    /// Every table that follows. The notes of the first say what does not follow, and why.
    pub(super) fn tables(&self) -> Result<Vec<Made>, DataError> {
        let mut made = vec![self.costs()?];
        let mut notes = Vec::new();
        match self.by_seeds_of(Release::First) {
            Ok(rows) => {
                let name = "cifar10-test-200-v1.0-mean";
                let means: Vec<_> = rows.iter().map(|row| vec![five_decimals(row)]).collect();
                made.push(self.table(name, &[name.to_owned()], &means)?);
            }
            Err(why) => notes.push(why),
        }
        for (place, set) in ALL.iter().enumerate() {
            let name = format!("{}-200-seed888", set.name);
            let rows: Vec<_> = self.records.iter().map(|record| vec![record.full[place][SEED_888]]).collect();
            made.push(self.table(&name, std::slice::from_ref(&name), &rows)?);
            self.three_seeds(place, &mut made, &mut notes)?;
            self.twelve(place, &mut made)?;
        }
        notes.push(self.missing());
        made[0].notes.extend(notes);
        Ok(made)
    }

    /// The tables of all seeds at 200 epochs, of the releases that have what they need.
    fn three_seeds(&self, place: usize, made: &mut Vec<Made>, notes: &mut Vec<String>) -> Result<(), DataError> {
        let name = ALL[place].name;
        let columns: Vec<String> = FULL.seeds.iter().map(|seed| format!("{name}-200-seed{seed}")).collect();
        let rows: Vec<_> = self.records.iter().map(|record| record.full[place].to_vec()).collect();
        match self.release {
            Release::First => {}
            Release::Second => made.push(self.table(&format!("{name}-200-v1.1"), &columns, &rows)?),
            Release::Nats => {
                if place == CIFAR10 {
                    match self.by_seeds_of(Release::Second) {
                        Ok(rows) => made.push(self.table(&format!("{name}-200-v1.1"), &columns, &rows)?),
                        Err(why) => notes.push(why),
                    }
                }
                // Not the names of those of v1.1, of which there are fewer.
                let columns: Vec<String> =
                    FULL.seeds.iter().map(|seed| format!("{name}-200-nats-seed{seed}")).collect();
                made.push(self.table(&format!("{name}-200-nats"), &columns, &rows)?);
                let mean = format!("{name}-200-nats-mean");
                let rows: Vec<_> = rows.iter().map(|row| vec![mean_of(row)]).collect();
                made.push(self.table(&mean, std::slice::from_ref(&mean), &rows)?);
            }
        }
        Ok(())
    }

    /// The tables of each seed at 12 epochs.
    fn twelve(&self, place: usize, made: &mut Vec<Made>) -> Result<(), DataError> {
        if self.release == Release::First {
            return Ok(());
        }
        for (column, seed) in LESS.seeds.iter().enumerate() {
            let name = format!("{}-12-seed{seed}", ALL[place].name);
            let rows: Vec<_> = self.records.iter().map(|record| vec![record.less[place][column]]).collect();
            if rows.iter().any(|row| row[0].is_some()) {
                made.push(self.table(&name, std::slice::from_ref(&name), &rows)?);
            }
        }
        Ok(())
    }

    /// What this release cannot give at all, whichever architectures it has.
    fn missing(&self) -> String {
        let note = match self.release {
            Release::First => {
                "NAS-Bench-201 v1_0 has no 12-epoch trainings but some on `cifar10-valid`, and fewer seeds: the tables `...-12-...`, \
                 `...-200-v1.1` and `...-200-nats` need NAS-Bench-201-v1_1 or NATS-tss"
            }
            Release::Second => "the tables `...-200-nats` and `...-200-nats-mean` need NATS-tss, which has more seeds",
            Release::Nats => {
                "but for CIFAR-10's, the tables `...-200-v1.1` need NAS-Bench-201-v1_1: its seeds are known on CIFAR-10 alone"
            }
        };
        format!("{}: {note}", self.file)
    }

    /// The accuracies on CIFAR-10 by the seeds that `release` has, or why they cannot be told. Of another release than `v1_0`, those whose
    /// mean is that of `v1_0`.
    fn by_seeds_of(&self, release: Release) -> Result<Vec<Vec<Option<Share>>>, String> {
        let rows = self.records.iter().map(|record| {
            let seeds = record.full[CIFAR10];
            if release == self.release {
                return Ok(seeds.to_vec());
            }
            let mut row = vec![None; seeds.len()];
            for place in seeds_of(release, record.index) {
                row[place] = Some(seeds[place].ok_or_else(|| {
                    let (name, seed, index) = (release.name(), FULL.seeds[place], record.index);
                    let why = if release == Release::First {
                        format!("no table of the means of {name} on CIFAR-10 is made: that of architecture {index} is one with seed {seed}")
                    } else {
                        format!("no table of the seeds that {name} has on CIFAR-10 is made: it has seed {seed} of architecture {index}")
                    };
                    format!("{}: {why}, which this file has not", self.file)
                })?);
            }
            Ok(row)
        });
        rows.collect()
    }

    /// A table of these rows, in the benchmark's order. Its notes tell how many cells are empty.
    fn table(&self, name: &str, columns: &[String], rows: &[Vec<Option<Share>>]) -> Result<Made, DataError> {
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        let mut table = Measured::new(&names);
        for (record, row) in self.records.iter().zip(rows) {
            table.push(&text(record)?, row)?;
        }
        let mut notes = Vec::new();
        for (place, column) in columns.iter().enumerate() {
            let unknown = rows.iter().filter(|row| row[place].is_none()).count();
            if unknown > 0 {
                notes.push(format!(
                    "`{column}` is empty for {unknown} of {} architectures: there is no such training",
                    rows.len()
                ));
            }
        }
        Ok(Made { path: format!("truth/nb201/{name}.csv"), bytes: table.into_bytes(), notes })
    }

    /// The costs that the benchmark tells.
    fn costs(&self) -> Result<Made, DataError> {
        let mut table = Measured::new(&["params_m", "flop_m"]);
        for record in &self.records {
            table.push(&text(record)?, &[Some(record.params), Some(record.flop)])?;
        }
        Ok(Made { path: "cost/nb201.csv".to_owned(), bytes: table.into_bytes(), notes: Vec::new() })
    }
}

/// The architecture of a record, as text.
fn text(record: &Record) -> Result<String, DataError> {
    let cell = Architecture::at_benchmark_index(record.index);
    cell.map(|cell| cell.to_string())
        .ok_or_else(|| DataError::Incomplete(format!("there is no architecture {}", record.index)))
}

/// The mean over the seeds that there are.
pub(crate) fn mean_of(seeds: &[Option<Share>]) -> Option<Share> {
    Share::mean(&seeds.iter().copied().flatten().collect::<Vec<_>>())
}

/// The mean over the seeds that there are, as a fraction rounded to five decimals. Of one to three shares of 10,000 images none lies in the
/// middle of two such fractions.
fn five_decimals(seeds: &[Option<Share>]) -> Option<Share> {
    const FIVE: u64 = 100_000;
    let known: Vec<u64> = seeds.iter().flatten().map(|share| share.correct()).collect();
    let images = ALL[CIFAR10].images * known.len() as u64;
    let sum: u64 = known.iter().sum();
    Share::new((sum * FIVE * 2 + images).checked_div(2 * images)?, FIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_truth_is_rounded_to_five_decimals() {
        let text = |seeds: &[u64]| {
            let seeds: Vec<_> = seeds.iter().map(|&correct| Share::new(correct, 10_000)).collect();
            five_decimals(&seeds).map(|share| share.to_string())
        };
        assert_eq!(text(&[8_562, 8_618, 8_579]), Some("85.863".to_owned()));
        assert_eq!(text(&[8_562, 8_618, 8_580]), Some("85.867".to_owned()));
        assert_eq!(text(&[1_000, 1_001]), Some("10.005".to_owned()));
        assert_eq!((text(&[10_000]), text(&[])), (Some("100".to_owned()), None));
    }

    #[test]
    fn a_whole_release_has_its_own_numbers_of_seeds() {
        let share = Share::new(1, 10_000);
        let release = |release, seeds: Release| {
            let record = |index| {
                let mut record = Record {
                    release,
                    index,
                    full: Default::default(),
                    less: Default::default(),
                    params: 1.0,
                    flop: 1.0,
                };
                for place in seeds_of(seeds, index) {
                    record.full[CIFAR10][place] = share;
                }
                record
            };
            Benchmark { release, file: "x".to_owned(), records: (0..COUNT).map(record).collect() }
        };
        let check = |known, seeds| release(known, seeds).check_seeds();
        assert_eq!((check(Release::First, Release::First), check(Release::Second, Release::Second)), (Ok(()), Ok(())));
        let differs = |&index: &usize| seeds_of(Release::First, index).len() != seeds_of(Release::Second, index).len();
        let first = (0..COUNT).find(differs).unwrap();
        let told = check(Release::Second, Release::First).unwrap_err();
        assert!(told.starts_with(&format!("architecture {first} was trained with ")), "{told}");
        assert!(
            told.ends_with("seeds on cifar10, but in NAS-Bench-201 v1_1 with 3: this is no release that is known"),
            "{told}"
        );
        assert!(
            check(Release::First, Release::Second)
                .unwrap_err()
                .contains("the 12-epoch trainings of NAS-Bench-201 v1_0, but the seeds")
        );
        let mut more = release(Release::First, Release::First);
        let single = (0..COUNT).find(|&index| seeds_of(Release::Second, index).len() == 1).unwrap();
        more.records[single].full[CIFAR10] = [share; 3];
        assert!(more.check_seeds().unwrap_err().contains(&format!("architecture {single} was trained with 3 seeds")));
    }

    #[test]
    fn the_map_of_seeds_has_every_architecture() {
        assert_eq!(SEEDS.len(), COUNT);
        let mut counts = [0; 3];
        for index in 0..SEEDS.len() {
            let (first, second) = (seeds_of(Release::First, index), seeds_of(Release::Second, index));
            assert!(first.iter().all(|seed| second.contains(seed)) && first.contains(&SEED_888), "{index}");
            counts[second.len() - 1] += 1;
        }
        assert_eq!(counts, [2_225, 5_439, 7_961]);
    }
}
