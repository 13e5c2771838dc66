//! The files of TransNAS-Bench-101 that `NASLib` carries in zips: `benchmark--transbench101_micro--TASK--START.json`, a list of entries
//! `{"arch": "(1, 0, 2, 3, 3, 3)", PROXY: {"score": ...}, "val_accuracy": ...}`. A task may be in several files, and so may its proxies.
//!
//! What `NASLib` calls `val_accuracy` is a metric of the validation images that depends on the task. At which epoch it is, the files do not
//! say.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::fmt;
use std::io::Read;

use nas_assay_spaces::TableSpace;
use nas_assay_spaces::table_only::Architecture;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::entries::{ENTRIES, Field, PROXIES, Scored, checked};
use super::written;
use crate::table::Measured;
use crate::{DataError, Made, json};

/// What the names of lists begin with.
pub(super) const LIST: &str = "benchmark--";

/// The spaces by their names in the names of files.
const SPACES: [(&str, TableSpace); 2] =
    [("transbench101_micro", TableSpace::Tnb101Micro), ("transbench101_macro", TableSpace::Tnb101Macro)];

/// A task of the benchmark.
#[derive(Clone, Copy)]
struct Task {
    name: &'static str,
    /// What `val_accuracy` is.
    metric: &'static str,
    /// The least and the greatest value of that.
    range: [f64; 2],
}

impl Task {
    const ALL: [Self; 7] = [
        Self { name: "class_scene", metric: "valid_top1", range: PERCENT },
        Self { name: "class_object", metric: "valid_top1", range: PERCENT },
        Self { name: "room_layout", metric: "valid_neg_loss", range: [f64::MIN, 0.0] },
        Self { name: "jigsaw", metric: "valid_top1", range: PERCENT },
        Self { name: "segmentsemantic", metric: "valid_acc", range: PERCENT },
        Self { name: "normal", metric: "valid_ssim", range: [-1.0, 1.0] },
        Self { name: "autoencoder", metric: "valid_ssim", range: [-1.0, 1.0] },
    ];

    /// The name of its column.
    fn column(self) -> String {
        let Self { name, metric, range } = self;
        let unit = if range == PERCENT { "" } else { " [1]" };
        format!("{name}-{metric}-naslib{unit}")
    }
}

/// The range of a percentage.
const PERCENT: [f64; 2] = [0.0, 100.0];

/// An architecture with its numbers.
#[derive(Debug, Default)]
struct Row {
    accuracy: Option<f64>,
    /// Not a number where the file has none.
    scores: BTreeMap<String, f64>,
}

/// The rows of each space and task, by the index of the architecture.
#[derive(Debug, Default)]
pub(super) struct Tasks(BTreeMap<(TableSpace, String), BTreeMap<usize, Row>>);

/// The space and the task of a file with this name, without folders.
pub(super) fn of(name: &str) -> Option<(TableSpace, &str)> {
    let mut parts = name.strip_prefix(LIST)?.strip_suffix(".json")?.split("--");
    let (space, task) = (parts.next()?, parts.next()?);
    let (_, space) = SPACES.into_iter().find(|(known, _)| *known == space)?;
    Some((space, task))
}

impl Tasks {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a file of a task.
    pub(super) fn add(
        &mut self,
        file: &str,
        (space, task): (TableSpace, &str),
        source: &mut dyn Read,
    ) -> Result<(), DataError> {
        let content = |problem: String| DataError::content(file, problem);
        checked::<serde_json::Error>(task).map_err(|error| content(error.to_string()))?;
        let rows = self.0.entry((space, task.to_owned())).or_default();
        let before = rows.len();
        let task = Task::ALL.into_iter().find(|known| known.name == task);
        json::seeded(file, source, Entries { space, task, rows })?;
        if rows.is_empty() && before == 0 {
            return Err(content("has no architectures".to_owned()));
        }
        Ok(())
    }

    /// The tables: accuracies of each space, and scores of each task.
    pub(super) fn made(self) -> Result<Vec<Made>, DataError> {
        let mut made = Vec::new();
        for (_, space) in SPACES {
            made.extend(self.truth(space)?);
        }
        for ((space, task), rows) in &self.0 {
            made.push(scores(*space, task, rows)?);
        }
        Ok(made)
    }

    /// The accuracies of a space; none if there are none.
    fn truth(&self, space: TableSpace) -> Result<Option<Made>, DataError> {
        let of = |task: Task| Some((task, self.0.get(&(space, task.name.to_owned()))?));
        let there: Vec<(Task, &BTreeMap<usize, Row>)> = Task::ALL.into_iter().filter_map(of).collect();
        let mut indices: Vec<usize> = there.iter().flat_map(|(_, rows)| rows.keys().copied()).collect();
        indices.sort_unstable();
        indices.dedup();
        let columns: Vec<String> = there.iter().map(|(task, _)| task.column()).collect();
        let mut table = Measured::new(&columns.iter().map(String::as_str).collect::<Vec<_>>());
        let mut known = 0;
        for index in indices {
            let Some(architecture) = space.from_index(index) else { continue };
            let cells: Vec<Option<f64>> =
                there.iter().map(|(_, rows)| rows.get(&index).and_then(|row| row.accuracy)).collect();
            known += cells.iter().flatten().count();
            table.push(&architecture.to_string(), &cells)?;
        }
        let name = if space == TableSpace::Tnb101Micro { "micro" } else { "macro" };
        let path = format!("truth/tnb101/{name}-suite-zero.csv");
        let notes = vec!["The files do not say at which epoch of its training a network has these values.".to_owned()];
        Ok((known > 0).then(|| Made { path, bytes: table.into_bytes(), notes }))
    }
}

/// The scores of a task.
fn scores(space: TableSpace, task: &str, rows: &BTreeMap<usize, Row>) -> Result<Made, DataError> {
    let mut names: Vec<&str> = rows.values().flat_map(|row| row.scores.keys().map(String::as_str)).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Err(DataError::Incomplete(format!("{task} of {space} has no scores")));
    }
    let mut table = Measured::new(&names);
    let mut empty = 0;
    for (index, row) in rows {
        let Some(architecture) = space.from_index(*index) else { continue };
        let cell = |name: &&str| row.scores.get(*name).copied().filter(|score| score.is_finite()).map(written);
        let cells: Vec<Option<String>> = names.iter().map(cell).collect();
        empty += cells.iter().filter(|cell| cell.is_none()).count();
        table.push(&architecture.to_string(), &cells)?;
    }
    let notes = if empty > 0 {
        vec![format!("{empty} scores are no numbers in the files, or not there; their cells are empty.")]
    } else {
        Vec::new()
    };
    let path = format!("scores/suite-zero/{space}-{}.csv", task.to_ascii_lowercase());
    Ok(Made { path, bytes: table.into_bytes(), notes })
}

/// The architecture that a file names: the numbers of its operations, or of its modules with zeros for those that are not there.
fn architecture(space: TableSpace, text: &str) -> Option<Architecture> {
    let inner = text.trim();
    let inner = inner.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))?;
    let numbers: Option<Vec<u8>> = inner.split(',').map(|number| number.trim().parse().ok()).collect();
    let numbers = numbers.filter(|numbers| numbers.len() == 6)?;
    match space {
        TableSpace::Tnb101Micro => Architecture::of(space, &numbers),
        TableSpace::Tnb101Macro => {
            let modules: Option<Vec<u8>> =
                numbers.iter().filter(|&&module| module > 0).map(|module| module.checked_sub(1)).collect();
            Architecture::of(space, &modules?)
        }
        TableSpace::NatsSss => None,
    }
}

/// The entries of a file.
struct Entries<'a> {
    space: TableSpace,
    /// `None` for a task that the benchmark does not have.
    task: Option<Task>,
    rows: &'a mut BTreeMap<usize, Row>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of architectures")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some((text, found)) = list.next_element_seed(One)? {
            count += 1;
            if count > ENTRIES {
                return Err(A::Error::custom(format!("the file has more than {ENTRIES} entries")));
            }
            let known = architecture(self.space, &text);
            let index =
                known.ok_or_else(|| A::Error::custom(format!("`{text}` is no architecture of {}", self.space)))?;
            if let (Some(value), Some(Task { metric, range: [least, most], .. })) = (found.accuracy, self.task)
                && !(least..=most).contains(&value)
            {
                return Err(A::Error::custom(format!("`val_accuracy` of `{text}` is {value}, which is no {metric}")));
            }
            match self.rows.entry(index.index()) {
                Place::Vacant(place) => {
                    place.insert(found);
                }
                Place::Occupied(mut place) => {
                    let row = place.get_mut();
                    if row.accuracy != found.accuracy {
                        return Err(A::Error::custom(format!("`{text}` has another `val_accuracy` than before")));
                    }
                    for (name, score) in found.scores {
                        if row.scores.insert(name.clone(), score).is_some() {
                            return Err(A::Error::custom(format!("`{text}` has `{name}` twice")));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// An entry: its architecture, and its numbers.
struct One;

/// An accuracy, or no number.
#[derive(Deserialize)]
struct Accuracy(Option<f64>);

impl<'de> DeserializeSeed<'de> for One {
    type Value = (String, Row);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One {
    type Value = (String, Row);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a dictionary of scores")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut text, mut accuracy, mut row) = (None, None, Row::default());
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "arch" => text = Some(map.next_value::<String>()?),
                "val_accuracy" => accuracy = Some(map.next_value::<Accuracy>()?),
                _ => {
                    let score = match map.next_value_seed(Scored)? {
                        Field::Score(score) => score,
                        Field::Number(_) | Field::Other => continue,
                        Field::Unscored => return Err(A::Error::custom(format!("`{name}` has no `score`"))),
                    };
                    checked(&name)?;
                    row.scores.insert(name, score.unwrap_or(f64::NAN));
                    if row.scores.len() > PROXIES {
                        return Err(A::Error::custom(format!("there are more than {PROXIES} proxies")));
                    }
                }
            }
        }
        let text = text.ok_or_else(|| A::Error::custom("an entry has no `arch`"))?;
        let Accuracy(accuracy) = accuracy.ok_or_else(|| A::Error::custom(format!("`{text}` has no `val_accuracy`")))?;
        row.accuracy = accuracy;
        Ok((text, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Files;
    use crate::sources::suite_zero::import;

    fn made(files: &[(&str, &str)]) -> Result<Vec<Made>, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        import(Files { paths: &[folder.path().to_owned()], watch: &|_| () }).map_err(|error| error.to_string())
    }

    fn texts(made: &[Made]) -> Vec<(&str, &str)> {
        made.iter().map(|made| (made.path.as_str(), std::str::from_utf8(&made.bytes).unwrap())).collect()
    }

    fn entry(arch: &str, accuracy: &str, proxy: &str, score: &str) -> String {
        format!(
            "{{\"idx\": 3, \"arch\": \"{arch}\", \"{proxy}\": {{\"score\": {score}, \"time\": 0.5}}, \"val_accuracy\": {accuracy}, \
             \"rank\": 2}}"
        )
    }

    const JIGSAW: &str = "benchmark--transbench101_micro--jigsaw--0.json";

    #[test]
    fn lists_of_tasks_become_tables_of_spaces() {
        // Later parts, other proxies, other tasks, the other space, and what the benchmark does not have.
        let first = format!(
            "[{}, {}]",
            entry("(3, 0, 0, 0, 0, 1)", "91.5", "zen", "2"),
            entry("(0, 0, 0, 0, 0, 2)", "NaN", "zen", "-Infinity")
        );
        let second = format!("[{}]", entry("(0, 3, 1, 2, 0, 0)", "12.25", "zen", "1.5"));
        let other = format!("[{}]", entry("(3, 0, 0, 0, 0, 1)", "91.5", "flops", "8"));
        let loss = format!("[{}]", entry("(3, 0, 0, 0, 0, 1)", "-0.625", "zen", "2"));
        let modules = format!(
            "[{}, {}]",
            entry("(4, 3, 1, 2, 0, 0)", "0.5", "zen", "2"),
            entry("(1, 1, 4, 1, 1, 1)", "-0.125", "zen", "3")
        );
        let digits = format!("[{}]", entry("(3, 0, 0, 0, 0, 1)", "7000", "zen", "2"));
        let found = made(&[
            (JIGSAW, &first),
            ("benchmark--transbench101_micro--jigsaw--64.json", &second),
            ("benchmark--transbench101_micro--jigsaw--0-64.json", &other),
            ("benchmark--transbench101_micro--room_layout--0.json", &loss),
            ("benchmark--transbench101_macro--normal--0.json", &modules),
            ("benchmark--transbench101_micro--svhn--0.json", &digits),
            ("benchmark--nasbench201--cifar10--0.json", "[]"),
        ])
        .unwrap();
        let due = [
            (
                "truth/tnb101/micro-suite-zero.csv",
                "architecture,room_layout-valid_neg_loss-naslib [1],jigsaw-valid_top1-naslib\n64-41414-0_00_002,,\n\
                 64-41414-0_31_200,,12.25\n64-41414-3_00_001,-0.625,91.5\n",
            ),
            (
                "truth/tnb101/macro-suite-zero.csv",
                "architecture,normal-valid_ssim-naslib [1]\n64-4312-basic,0.5\n64-114111-basic,-0.125\n",
            ),
            (
                "scores/suite-zero/tnb101_micro-jigsaw.csv",
                "architecture,flops,zen\n64-41414-0_00_002,,\n64-41414-0_31_200,,1.5\n64-41414-3_00_001,8,2\n",
            ),
            ("scores/suite-zero/tnb101_micro-room_layout.csv", "architecture,zen\n64-41414-3_00_001,2\n"),
            ("scores/suite-zero/tnb101_micro-svhn.csv", "architecture,zen\n64-41414-3_00_001,2\n"),
            ("scores/suite-zero/tnb101_macro-normal.csv", "architecture,zen\n64-4312-basic,2\n64-114111-basic,3\n"),
        ];
        assert_eq!(texts(&found), due);
        assert!(found[0].notes[0].contains("do not say at which epoch"));
        assert_eq!(found[2].notes, ["3 scores are no numbers in the files, or not there; their cells are empty."]);
    }

    #[test]
    fn lists_that_do_not_fit_are_refused() {
        let refused = |text: &str| made(&[(JIGSAW, text)]).unwrap_err();
        let arch = "(3, 0, 0, 0, 0, 1)";
        let list = |entries: &[String]| format!("[{}]", entries.join(","));
        let said = refused(&list(&[entry("(3, 0, 0, 0, 0, 4)", "5", "zen", "2")]));
        assert!(
            said.starts_with(&format!("{JIGSAW}: `(3, 0, 0, 0, 0, 4)` is no architecture of tnb101_micro")),
            "{said}"
        );
        for (accuracy, shown) in [("100.5", "100.5"), ("-1", "-1")] {
            let said = refused(&list(&[entry(arch, accuracy, "zen", "2")]));
            assert!(said.contains(&format!("`val_accuracy` of `{arch}` is {shown}, which is no valid_top1")), "{said}");
        }
        let twice = refused(&list(&[entry(arch, "5", "zen", "2"), entry(arch, "5", "zen", "2")]));
        assert!(twice.contains(&format!("`{arch}` has `zen` twice")), "{twice}");
        let other = refused(&list(&[entry(arch, "5", "zen", "2"), entry(arch, "6", "flops", "2")]));
        assert!(other.contains("has another `val_accuracy` than before"), "{other}");
        assert!(refused("[]").contains("has no architectures"));
        assert!(refused("{}").contains("expected a list of architectures"));
        let without = list(&[entry(arch, "5", "zen", "2")]);
        assert!(refused(&without.replace("\"arch\"", "\"arc\"")).contains("an entry has no `arch`"));
        assert!(refused(&without.replace("val_acc", "val")).contains("has no `val_accuracy`"));
        assert!(refused(&without.replace("\"score\"", "\"scor\"")).contains("`zen` has no `score`"));
        assert_eq!(
            refused(&without.replace("\"zen\"", "\"idx\"").replace("{\"score\": 2, \"time\": 0.5}", "1")),
            "jigsaw of tnb101_micro has no scores"
        );
        for cut in 0..without.len() {
            assert!(made(&[(JIGSAW, &without[..cut])]).is_err(), "{cut}");
        }
        let alone = made(&[("benchmark--nasbench201--cifar10--0.json", "[]")]).unwrap_err();
        assert!(alone.ends_with("found benchmark--nasbench201--cifar10--0.json"), "{alone}");
    }

    #[test]
    fn numbers_name_architectures_of_their_space_alone() {
        let [micro, r#macro] = SPACES.map(|(_, space)| space);
        let text = |space, text| architecture(space, text).map(|found| found.to_string());
        assert_eq!(text(micro, "(1, 0, 2, 3, 3, 3)").as_deref(), Some("64-41414-1_02_333"));
        assert_eq!(text(r#macro, " (1, 2, 3, 4, 0, 0)").as_deref(), Some("64-1234-basic"));
        for wrong in ["(1, 0, 2, 3, 3)", "(1, 0, 2, 3, 3, 3, 1)", "1, 0, 2, 3, 3, 3", "(1, 0, 2, 3, 3, x)", ""] {
            assert_eq!(architecture(micro, wrong), None, "{wrong}");
        }
        for wrong in ["(1, 1, 1, 1, 0, 0)", "(1, 2, 3, 0, 0, 0)", "(5, 2, 3, 1, 0, 0)", "(1, -2, 3, 4, 0, 0)"] {
            assert_eq!(architecture(r#macro, wrong), None, "{wrong}");
        }
        assert_eq!(of("benchmark--transbench101_macro--normal--0-12.json"), Some((r#macro, "normal")));
        assert_eq!(of("benchmark--transbench101--normal--0.json").or(of("zc_nasbench201.json")), None);
    }
}
