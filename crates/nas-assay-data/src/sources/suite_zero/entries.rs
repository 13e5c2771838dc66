//! The JSON of the files, entry by entry.

use std::collections::BTreeMap;
use std::fmt;

use nas_assay_spaces::SpaceId;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::names::{self, SPACES};

/// Most entries of a file. The benchmark has 100,000 in all.
pub(super) const ENTRIES: usize = 1_000_000;

/// Most proxies of a data set. The benchmark has 13.
pub(super) const PROXIES: usize = 32;

/// Longest name of a data set or a proxy.
const LONGEST: usize = 40;

/// Most data sets of a file.
const DATASETS: usize = 32;

/// A data set.
#[derive(Debug, Default)]
pub(super) struct Dataset {
    /// The places of the proxies among the scores of a row.
    pub proxies: BTreeMap<String, usize>,
    pub rows: Vec<Row>,
}

/// An architecture with its numbers.
#[derive(Debug)]
pub(super) struct Row {
    place: u32,
    pub architecture: Box<str>,
    pub accuracy: f64,
    /// Not a number where the file has none; those at the end may be missing.
    pub scores: Box<[f64]>,
}

/// Takes a file.
#[derive(Debug)]
pub(super) struct Sink {
    space: SpaceId,
    /// Whether the file has the level of spaces, and so plain numbers for scores.
    plain: bool,
    datasets: BTreeMap<String, Dataset>,
    entries: usize,
}

impl Sink {
    /// For a file of `space`.
    pub(super) fn new(space: SpaceId) -> Self {
        Self { space, plain: false, datasets: BTreeMap::new(), entries: 0 }
    }

    pub(super) fn space(&self) -> SpaceId {
        self.space
    }

    /// The data sets, their rows in order.
    pub(super) fn finish(mut self) -> BTreeMap<String, Dataset> {
        for dataset in self.datasets.values_mut() {
            dataset.rows.sort_by(|a, b| (a.place, &a.architecture).cmp(&(b.place, &b.architecture)));
        }
        self.datasets
    }
}

/// Whether a name may stand in a table or a path.
pub(super) fn checked<E: serde::de::Error>(name: &str) -> Result<(), E> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if plain && (1..=LONGEST).contains(&name.len()) {
        return Ok(());
    }
    Err(E::custom(format!("`{name}` is no name of a data set or a proxy")))
}

impl<'de> DeserializeSeed<'de> for &mut Sink {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Sink {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a dictionary of data sets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match SPACES.into_iter().find(|&(known, _)| known == name) {
                Some(_) if self.plain => return Err(A::Error::custom("a space within a space")),
                Some((_, space)) if space != self.space => {
                    return Err(A::Error::custom(format!("the file is named after {}, but has {name}", self.space)));
                }
                Some(_) => {
                    self.plain = true;
                    map.next_value_seed(&mut *self)?;
                    self.plain = false;
                }
                None => {
                    checked(&name)?;
                    if self.datasets.contains_key(&name) || self.datasets.len() == DATASETS {
                        return Err(A::Error::custom(format!("the data set {name} is there twice, or one too many")));
                    }
                    let mut dataset = Dataset::default();
                    let entries = Entries { space: self.space, plain: self.plain, count: &mut self.entries };
                    map.next_value_seed(Of { entries, dataset: &mut dataset })?;
                    self.datasets.insert(name, dataset);
                }
            }
        }
        Ok(())
    }
}

/// What entries are read with.
struct Entries<'a> {
    space: SpaceId,
    plain: bool,
    count: &'a mut usize,
}

/// The entries of a data set.
struct Of<'a> {
    entries: Entries<'a>,
    dataset: &'a mut Dataset,
}

impl<'de> DeserializeSeed<'de> for Of<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Of<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a dictionary of architectures")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { entries, dataset } = self;
        while let Some(key) = map.next_key::<String>()? {
            *entries.count += 1;
            if *entries.count > ENTRIES {
                return Err(A::Error::custom(format!("the file has more than {ENTRIES} entries")));
            }
            let (place, architecture) = names::named(entries.space, &key).map_err(A::Error::custom)?;
            let (accuracy, scores) =
                map.next_value_seed(Entry { plain: entries.plain, proxies: &mut dataset.proxies })?;
            let accuracy = accuracy.ok_or_else(|| A::Error::custom(format!("{architecture} has no `val_accuracy`")))?;
            let (architecture, scores) = (architecture.into(), scores.into());
            dataset.rows.push(Row { place, architecture, accuracy, scores });
        }
        Ok(())
    }
}

/// One architecture: its accuracy, if there, and its scores.
struct Entry<'a> {
    plain: bool,
    proxies: &'a mut BTreeMap<String, usize>,
}

impl<'de> DeserializeSeed<'de> for Entry<'_> {
    type Value = (Option<f64>, Vec<f64>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Entry<'_> {
    type Value = (Option<f64>, Vec<f64>);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a dictionary of scores")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut accuracy, mut scores) = (None, Vec::with_capacity(self.proxies.len()));
        while let Some(name) = map.next_key::<String>()? {
            if name == "val_accuracy" {
                accuracy = Some(map.next_value()?);
                continue;
            }
            let score = match map.next_value_seed(Scored)? {
                Field::Score(score) => score,
                Field::Number(score) if self.plain => score,
                Field::Number(_) | Field::Other => continue,
                Field::Unscored => return Err(A::Error::custom(format!("`{name}` has no `score`"))),
            };
            let count = self.proxies.len();
            let place = match self.proxies.get(&name) {
                Some(&place) => place,
                None if count == PROXIES => {
                    return Err(A::Error::custom(format!("there are more than {PROXIES} proxies")));
                }
                None => {
                    checked(&name)?;
                    self.proxies.insert(name, count);
                    count
                }
            };
            if scores.len() <= place {
                scores.resize(place + 1, f64::NAN);
            }
            scores[place] = score.unwrap_or(f64::NAN);
        }
        Ok((accuracy, scores))
    }
}

/// A field of an entry.
pub(super) enum Field {
    /// A dictionary with a score; no number if that is `null`.
    Score(Option<f64>),
    /// A dictionary without one.
    Unscored,
    /// A plain number, or `null`.
    Number(Option<f64>),
    /// Anything else.
    Other,
}

pub(super) struct Scored;

impl<'de> DeserializeSeed<'de> for Scored {
    type Value = Field;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scored {
    type Value = Field;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a score")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Field, E> {
        Ok(Field::Number(Some(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field, E> {
        Ok(Field::Number(Some(number as f64)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Field, E> {
        Ok(Field::Number(Some(number as f64)))
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Number(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Field, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        let mut field = Field::Unscored;
        while let Some(name) = map.next_key::<String>()? {
            if name == "score" {
                field = Field::Score(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(field)
    }
}
