//! `BossNAS` (Li et al., ICCV 2021): its list of CIFAR-10 accuracies of every architecture of NATS-Bench's size search space, in percent.
//!
//! A line of the list is `'8:16:24:32:40': 88.16`. The list does not say on which images and after how many epochs the accuracies are.

use std::io::Read;

use nas_assay_spaces::{Architecture, SpaceId, TableSpace};

use crate::files::{Files, file_name};
use crate::table::Measured;
use crate::{DataError, Made};

/// The list.
const LIST: &str = "nats_cifar10_acc_rank.yml";

/// The table, and the name of its column.
const TABLE: &str = "bossnas-cifar10";

/// A longer file is no list of 32,768 numbers.
const LONGEST: u64 = 10_000_000;

/// Makes the table `truth/nats_sss/bossnas-cifar10.csv`, in the order of the space.
///
/// # Errors
/// If the list is not there, is damaged, or has not every architecture of the space once.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let mut made: Option<Made> = None;
    files.each(&mut |name, bytes| {
        if file_name(name) != LIST {
            return Ok(());
        }
        let mut text = String::new();
        bytes.take(LONGEST).read_to_string(&mut text).map_err(|error| DataError::part(name, &error))?;
        let found = table(&text).map_err(|problem| DataError::content(name, problem))?;
        match &made {
            Some(known) if known.bytes != found.bytes => {
                Err(DataError::content(name, "another list of this name has other numbers"))
            }
            _ => {
                made = Some(found);
                Ok(())
            }
        }
    })?;
    made.map(|made| vec![made]).ok_or_else(|| DataError::Incomplete(format!("{LIST} was not found")))
}

/// The table of a list.
fn table(text: &str) -> Result<Made, String> {
    let space = TableSpace::NatsSss;
    let mut all: Vec<Option<f64>> = vec![None; space.count()];
    for (line, content) in text.lines().enumerate().filter(|(_, content)| !content.trim().is_empty()) {
        let wrong = |problem: String| format!("line {}: {problem}", line + 1);
        let content = content.trim();
        let quote = content.chars().next().filter(|first| "'\"".contains(*first));
        let parts = match quote {
            Some(quote) => content[1..].split_once(quote).and_then(|(key, rest)| Some((key, rest.strip_prefix(':')?))),
            // Without quotes, what separates them is a colon and a blank.
            None => content.split_once(": "),
        };
        let (key, percent) = parts.ok_or_else(|| wrong("it is no architecture and accuracy".to_owned()))?;
        let percent = percent.trim();
        let accuracy = percent.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then(|| percent.parse().ok());
        let accuracy = accuracy.flatten().filter(|accuracy| (0.0..=100.0).contains(accuracy));
        let accuracy: f64 = accuracy.ok_or_else(|| {
            wrong(format!("`{}` is no accuracy in percent", nas_assay_base::text::shortened(percent)))
        })?;
        let place = match Architecture::parse(SpaceId::Table(space), key) {
            Ok(Architecture::Table(found)) => found.index(),
            Ok(_) => return Err(wrong("it is an architecture of another space".to_owned())),
            Err(error) => return Err(wrong(error.to_string())),
        };
        if all[place].replace(accuracy).is_some() {
            return Err(wrong(format!("{key} is there twice")));
        }
    }
    let known = all.iter().flatten().count();
    if known < space.count() {
        return Err(format!(
            "it has {known} of {} architectures; the file may be truncated: fetch it again",
            space.count()
        ));
    }
    let mut table = Measured::new(&[TABLE]);
    for (architecture, accuracy) in space.all().zip(&all) {
        table.push(&architecture.to_string(), &[*accuracy]).map_err(|error| error.to_string())?;
    }
    let note = "the list does not say on which images, and after how many epochs, these accuracies were measured";
    Ok(Made { path: format!("truth/nats_sss/{TABLE}.csv"), bytes: table.into_bytes(), notes: vec![note.to_owned()] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A list of the whole space with made-up accuracies, best first.
    fn list() -> String {
        let line = |(place, found): (usize, nas_assay_spaces::table_only::Architecture)| {
            format!("'{found}': {}\n", place as f64 / 512.0)
        };
        let lines: Vec<String> = TableSpace::NatsSss.all().enumerate().map(line).collect();
        lines.into_iter().rev().collect()
    }

    #[test]
    fn a_list_becomes_a_table_in_the_order_of_the_space() {
        let made = table(&list()).unwrap();
        assert_eq!(made.path, "truth/nats_sss/bossnas-cifar10.csv");
        let text = String::from_utf8(made.bytes.clone()).unwrap();
        assert!(text.starts_with("architecture,bossnas-cifar10\n8:8:8:8:8,0\n8:8:8:8:16,0.001953125\n"));
        assert_eq!(text.lines().count(), 32_769);
        assert!(text.ends_with("64:64:64:64:64,63.998046875\n"));
        // Other ways to write the same mapping.
        let other = list().replacen("'64:64:64:64:64':", "\"64:64:64:64:64\":", 1).replacen(
            "'64:64:64:64:56':",
            "64:64:64:64:56:",
            1,
        );
        assert_eq!(table(&other).unwrap(), made);
    }

    #[test]
    fn other_lists_are_refused() {
        let whole = list();
        let refused = |from: &str, to: &str| table(&whole.replacen(from, to, 1)).unwrap_err();
        let first = "line 1: ";
        assert_eq!(refused("'64:64:64:64:64': ", "'64:64:64:64:56': "), "line 2: 64:64:64:64:56 is there twice");
        assert!(refused("'64:64:64:64:64'", "'64:64:64:64:65'").starts_with("line 1: not an architecture of nats_sss"));
        assert_eq!(refused("63.998046875", "639.98"), format!("{first}`639.98` is no accuracy in percent"));
        assert_eq!(refused("63.998046875", "NaN"), format!("{first}`NaN` is no accuracy in percent"));
        assert_eq!(refused("63.998046875", "[63.9, 1]"), format!("{first}`[63.9, 1]` is no accuracy in percent"));
        assert_eq!(
            refused("'64:64:64:64:64': 63.998046875", "a list"),
            format!("{first}it is no architecture and accuracy")
        );
        let cut = table(&whole[..whole.len() / 2 + 3]).unwrap_err();
        assert!(cut.starts_with("line ") || cut.contains("of 32768 architectures"), "{cut}");
        let lines: Vec<&str> = whole.lines().take(100).collect();
        assert_eq!(
            table(&lines.join("\n")).unwrap_err(),
            "it has 100 of 32768 architectures; the file may be truncated: fetch it again"
        );
    }

    #[test]
    fn the_list_is_known_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let read = |paths: &[PathBuf]| import(Files { paths, watch: &|_| {} }).map_err(|error| error.to_string());
        std::fs::write(folder.path().join("other.yml"), "'8:8:8:8:8': 1\n").unwrap();
        assert_eq!(read(&[folder.path().to_owned()]), Err("nats_cifar10_acc_rank.yml was not found".to_owned()));
        std::fs::write(folder.path().join(LIST), list()).unwrap();
        let made = read(&[folder.path().to_owned()]).unwrap();
        assert_eq!((made.len(), &made[0]), (1, &table(&list()).unwrap()));
    }
}
