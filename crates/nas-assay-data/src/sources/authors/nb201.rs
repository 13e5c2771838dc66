//! The texts about NAS-Bench-201: accuracies, groups that count as one architecture, and a representative of each.

use std::collections::BTreeSet;

use super::gather::File;
use super::numbers::percent_of_five_decimals;
use crate::DataError;
use crate::table::Measured;
use nas_assay_spaces::nb201::{Architecture, COUNT, Classes, Operation, PAPER_CLASSES};

/// The table of `iso_dict.txt`, which has `'ARCHITECTURE': 0.8586333333333335` for each architecture: the mean over the seeds of the
/// benchmark's first version, as a fraction.
pub(super) fn accuracies(file: &File) -> Result<Vec<u8>, DataError> {
    let refused = |problem: String| DataError::content(&*file.path, problem);
    let mut rows: Vec<Option<String>> = vec![None; COUNT];
    let mut rest = file.text()?;
    let mut number = 0;
    loop {
        rest = rest.trim_start_matches(|character: char| character.is_whitespace() || "{},".contains(character));
        if rest.is_empty() {
            break;
        }
        number += 1;
        let read = item(rest).ok_or_else(|| refused(format!("item {number} is not `'ARCHITECTURE': ACCURACY`")))?;
        let (name, share, after) = read;
        let cell: Architecture = name.parse().map_err(|error| refused(format!("item {number}: {error}")))?;
        let value = share.parse().ok().and_then(percent_of_five_decimals);
        let value = value.ok_or_else(|| refused(format!("the accuracy of {cell} is no number from 0 to 1")))?;
        if rows[cell.benchmark_index()].replace(value).is_some() {
            return Err(refused(format!("{cell} is there twice")));
        }
        rest = after;
    }
    let mut table = Measured::new(&["cifar10-test-200-v1.0-mean"]);
    for (index, value) in rows.into_iter().enumerate() {
        let Some(cell) = Architecture::at_benchmark_index(index) else { continue };
        if value.is_none() {
            return Err(refused(format!("it has {number} of the {COUNT} architectures; {cell} is missing")));
        }
        table.push(&cell.to_string(), &[value])?;
    }
    Ok(table.into_bytes())
}

/// The name and the number at the start of a text, and what follows.
fn item(text: &str) -> Option<(&str, &str, &str)> {
    let quote = text.chars().next().filter(|character| "'\"".contains(*character))?;
    let (name, rest) = text[1..].split_once(quote)?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let end = rest.find(|character: char| character.is_whitespace() || "},".contains(character)).unwrap_or(rest.len());
    Some((name, &rest[..end], &rest[end..]))
}

/// Checks `deiso_dict.txt`: the number of groups, then a line for each, with seven numbers for each architecture: six operations and the
/// accuracy. The groups have to be the classes of [`Classes::paper`].
pub(super) fn check_groups(file: &File) -> Result<(), DataError> {
    let refused = |problem: String| DataError::content(&*file.path, problem);
    let mut lines = (1..).zip(file.text()?.lines()).filter(|(_, line)| !line.trim().is_empty());
    let count = lines.next().and_then(|(_, line)| line.trim().parse::<usize>().ok());
    if count != Some(PAPER_CLASSES) {
        return Err(refused(format!("it does not begin with {PAPER_CLASSES}, the number of its groups")));
    }
    let classes = Classes::paper();
    let mut met = BTreeSet::new();
    for (line, text) in lines {
        let group = members(text).map_err(|problem| refused(format!("line {line}: {problem}")))?;
        let Some(first) = group.first() else { continue };
        let class = classes.class_of(*first);
        if let Some(other) = group.iter().find(|member| classes.class_of(**member) != class) {
            return Err(refused(format!("line {line}: {first} and {other} are of two classes of this project")));
        }
        let different: BTreeSet<_> = group.iter().collect();
        if different.len() != group.len() || group.len() != classes.size_of(*first) {
            let size = classes.size_of(*first);
            let problem = format!("line {line}: {} architectures, {} of them different", group.len(), different.len());
            return Err(refused(format!("{problem}; their class has {size}")));
        }
        if !met.insert(class) {
            return Err(refused(format!("line {line}: the group of {first} was there before")));
        }
    }
    if met.len() == PAPER_CLASSES {
        return Ok(());
    }
    Err(refused(format!("it has {} groups; {PAPER_CLASSES} are due; the file may be truncated", met.len())))
}

/// The architectures of a line of groups.
fn members(line: &str) -> Result<Vec<Architecture>, String> {
    let numbers: Vec<&str> = line.split_whitespace().collect();
    let (items, rest) = numbers.as_chunks::<7>();
    if !rest.is_empty() {
        return Err(format!("{} numbers; seven for each architecture are due", numbers.len()));
    }
    let member = |[operations @ .., accuracy]: &[&str; 7]| {
        let mut cell = [Operation::None; 6];
        for (place, text) in cell.iter_mut().zip(operations) {
            let operation = text.parse().ok().and_then(|number: usize| Operation::ALL.get(number));
            *place = *operation.ok_or_else(|| format!("`{}` is no operation", text.escape_debug()))?;
        }
        let share = accuracy.parse().is_ok_and(|share: f64| (0.0..=1.0).contains(&share));
        if share { Ok(Architecture::new(cell)) } else { Err("an accuracy is no number from 0 to 1".to_owned()) }
    };
    items.iter().map(member).collect()
}

/// Checks `non-isom.txt`, which names one architecture of each class of [`Classes::paper`], though not the one of least index.
pub(super) fn check_representatives(file: &File) -> Result<(), DataError> {
    let refused = |problem: String| DataError::content(&*file.path, problem);
    let is_name = |character: char| character.is_ascii_alphanumeric() || "_~|+".contains(character);
    let classes = Classes::paper();
    let mut named: Vec<Option<Architecture>> = vec![None; PAPER_CLASSES];
    for name in file.text()?.split(|character| !is_name(character)).filter(|name| name.starts_with('|')) {
        let cell: Architecture = name.parse().map_err(|error| refused(format!("{error}")))?;
        if let Some(other) = named[classes.class_of(cell)].replace(cell) {
            return Err(refused(format!("{other} and {cell} are of one class of this project")));
        }
    }
    match named.iter().position(Option::is_none) {
        Some(class) => {
            let (found, missing) = (named.iter().flatten().count(), classes.representatives()[class]);
            let problem =
                format!("it names {found} architectures; {PAPER_CLASSES} are due, and one of the class of {missing}");
            Err(refused(problem))
        }
        None => Ok(()),
    }
}
