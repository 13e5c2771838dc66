//! Rows in JSON: one object a line, an array of objects, or objects by architecture as in NAS-Bench-Suite-Zero.

use std::borrow::Cow;

use nas_assay_base::text::excerpt;
use nas_assay_spaces::SpaceId;
use nas_assay_spaces::spelling;
use serde_json::Value;

use super::table::{KeyKind, key_of};
use super::tree::{Json, Members, member};

/// A row: what names its architecture, and its cells by the names of their columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JsonRow {
    pub kind: KeyKind,
    pub key: String,
    pub cells: Vec<(String, String)>,
}

impl JsonRow {
    /// The cell of a column.
    pub(super) fn cell(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| name == column).map(|(_, cell)| cell.as_str())
    }
}

/// Python writes numbers that are not finite as bare words, which are no JSON; numbers that are too great for 64 bits are JSON, but cannot
/// be read as such. Both are changed to strings.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    const WORDS: [(&str, &str); 3] = [("-Infinity", "\"-inf\""), ("Infinity", "\"inf\""), ("NaN", "\"nan\"")];
    if WORDS.iter().all(|(word, _)| !text.contains(word)) && !may_be_too_great(text) {
        return Cow::Borrowed(text);
    }
    let (mut changed, mut rest, mut inside) = (String::with_capacity(text.len()), text, false);
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        if inside {
            inside = next != '"';
            if next == '\\' {
                length += rest[length..].chars().next().map_or(0, char::len_utf8);
            }
        } else if let Some((word, to)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
            changed.push_str(to);
            rest = &rest[word.len()..];
            continue;
        } else if next == '-' || next.is_ascii_digit() {
            let is_part = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
            length = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
            // A minus before a word is none of a number.
            if rest[length..].starts_with(['I', 'N']) {
                length = next.len_utf8();
            } else if is_too_great(&rest[..length]) {
                changed.extend(["\"", &rest[..length], "\""]);
                rest = &rest[length..];
                continue;
            }
        } else {
            inside = next == '"';
        }
        changed.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Cow::Owned(changed)
}

/// Whether a text may have a number that is too great: an exponent of three digits, or very many digits.
fn may_be_too_great(text: &str) -> bool {
    let (mut digits, mut exponent) = (0_usize, false);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                if digits > 200 || (exponent && digits > 2) {
                    return true;
                }
            }
            b'+' if exponent => {}
            // The exponent follows a digit.
            b'e' | b'E' => (exponent, digits) = (digits > 0, 0),
            _ => (exponent, digits) = (false, 0),
        }
    }
    false
}

/// Whether a text is a number of JSON that is too great for 64 bits.
fn is_too_great(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(f64::is_infinite)
        && serde_json::from_str::<f64>(number).is_err_and(|error| error.to_string().starts_with("number out of range"))
}

/// Members that make an architecture together, where an object has no member for it.
const PARTS: [&[&str]; 3] = [&["module_adjacency", "module_operations"], &["net"], &["ds", "ws", "bot_muls", "num_gs"]];

/// What is said of a row without an architecture.
const UNNAMED: &str = "nothing in it names an architecture";

/// Reads a value as a row.
///
/// # Errors
/// What is wrong with it, in words: nothing in it names an architecture, or a member is there twice.
pub(super) fn row(value: &Json, space: SpaceId) -> Result<JsonRow, String> {
    let object = value.as_object().ok_or(UNNAMED)?;
    if let Some((kind, place)) = key_of(object.iter().map(|(name, _)| name.as_str()), space) {
        let (name, value) = &object[place];
        // A second member of this name is found among the cells.
        let others: Vec<&(String, Json)> =
            object.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, member)| member).collect();
        if others.iter().any(|(other, _)| other == name) {
            return Err(twice(name));
        }
        return Ok(JsonRow { kind, key: value.text(), cells: cells(others)? });
    }
    let parts = PARTS.into_iter().find(|parts| member(object, parts[0]).is_some()).ok_or(UNNAMED)?;
    let (of_key, others): (Vec<_>, Vec<_>) = object.iter().partition(|(name, _)| parts.contains(&name.as_str()));
    if let Some(place) =
        (1..of_key.len()).find(|&place| of_key[..place].iter().any(|(name, _)| *name == of_key[place].0))
    {
        return Err(twice(&of_key[place].0));
    }
    let key = match parts {
        ["net"] => of_key[0].1.to_string(),
        _ => Json::Object(of_key.into_iter().cloned().collect()).to_string(),
    };
    Ok(JsonRow { kind: KeyKind::Text, key, cells: cells(others)? })
}

fn twice(name: &str) -> String {
    format!("it has two members `{}`", excerpt(name))
}

/// The rows of a data set, or what is wrong with each, and its name if it has one.
pub(super) type DataSet = (Option<String>, Vec<Result<JsonRow, String>>);

/// The rows of a document, in its order, by the name of their data set if they have one; `None` if it is no table.
pub(super) fn document(value: &Json, space: SpaceId) -> Option<Vec<DataSet>> {
    match value {
        Json::List(all) => {
            let rows: Vec<_> = all.iter().map(|value| row(value, space)).collect();
            rows.iter().any(Result::is_ok).then(|| vec![(None, rows)])
        }
        Json::Object(object) => {
            if let Ok(row) = row(value, space) {
                return Some(vec![(None, vec![Ok(row)])]);
            }
            if let Some(rows) = by_architecture(object, space) {
                return Some(vec![(None, rows)]);
            }
            // One more level names the space.
            data_sets(object, space).or_else(|| match &object[..] {
                [(_, Json::Object(inner))] => data_sets(inner, space),
                _ => None,
            })
        }
        Json::Scalar(_) => None,
    }
    .filter(|sets| !sets.is_empty())
}

/// Rows by the names of data sets.
fn data_sets(object: &Members, space: SpaceId) -> Option<Vec<DataSet>> {
    let mut sets: Vec<DataSet> = Vec::new();
    for (name, value) in object {
        let rows = by_architecture(value.as_object()?, space)?;
        match sets.iter_mut().find(|(known, _)| known.as_ref() == Some(name)) {
            Some((_, known)) => known.extend(rows),
            None => sets.push((Some(name.clone()), rows)),
        }
    }
    Some(sets)
}

/// Rows whose names are architectures: at least one is, or could be in a form that has to be named.
fn by_architecture(object: &Members, space: SpaceId) -> Option<Vec<Result<JsonRow, String>>> {
    let is_key = |(key, _): &(String, Json)| match spelling::recognise(space, key) {
        Ok(_) => true,
        Err(error) => error.is_ambiguous() || error.is_outside(),
    };
    if !object.iter().any(is_key) {
        return None;
    }
    let row = |(key, value): &(String, Json)| {
        let cells = match value {
            Json::Object(members) => cells(members)?,
            // An estimator that failed may have left nothing.
            Json::Scalar(Value::Null) => Vec::new(),
            score => vec![("score".to_owned(), score.text())],
        };
        Ok(JsonRow { kind: KeyKind::Text, key: key.clone(), cells })
    };
    Some(object.iter().map(row).collect())
}

/// The cells of a row: numbers, texts, objects with a `score`, and what lies in other objects, one level deep.
fn cells<'a>(members: impl IntoIterator<Item = &'a (String, Json)>) -> Result<Vec<(String, String)>, String> {
    let score_of = |value: &Json| value.as_object().and_then(|inner| member(inner, "score")).map(Json::text);
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in members {
        match value {
            Json::Object(inner) => match member(inner, "score") {
                Some(score) => found.push((name.clone(), score.text())),
                None => found.extend(inner.iter().map(|(inner, value)| {
                    (format!("{name}/{inner}"), score_of(value).unwrap_or_else(|| value.text()))
                })),
            },
            value => found.push((name.clone(), value.text())),
        }
    }
    let doubled = (1..found.len()).find(|&place| found[..place].iter().any(|(name, _)| *name == found[place].0));
    doubled.map_or(Ok(()), |place| Err(twice(&found[place].0)))?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Json {
        serde_json::from_str(&plain(text)).unwrap()
    }

    #[test]
    fn bare_words_of_python_are_read() {
        let text = r#"{"NaN": [NaN, -Infinity, Infinity], "b\"NaN": "x NaN \" Infinity", "é": NaN}"#;
        assert_eq!(value(text).to_string(), r#"{"NaN":["nan","-inf","inf"],"b\"NaN":"x NaN \" Infinity","é":"nan"}"#);
    }

    #[test]
    fn numbers_that_are_too_great_are_texts() {
        let digits = "1".to_owned() + &"0".repeat(309);
        let text = format!(
            r#"{{"a": [1e400, -1E+400, 12.5e307, 1e-400, {digits}, -{digits}.5, 1e308, NaN, -1, 1e400], "b1e400": "1e400"}}"#
        );
        let expected = format!(
            r#"{{"a":["1e400","-1E+400",1.25e+308,0.0,"{digits}","-{digits}.5",1e+308,"nan",-1,"1e400"],"b1e400":"1e400"}}"#
        );
        assert_eq!(value(&text).to_string(), expected);
        assert_eq!(
            value(r#"[1e400, -Infinity, "\"1e400", 1e400]"#).to_string(),
            r#"["1e400","-inf","\"1e400","1e400"]"#
        );
        // What is no JSON does not become one.
        for text in ["01e400", "1.e400", "+1e400", "1e400x", "1e400 1", "--1e400", "1e+", ".1e400"] {
            assert!(serde_json::from_str::<Json>(&plain(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn objects_of_several_shapes_are_rows() {
        let read = |text: &str| row(&value(text), SpaceId::Nb201);
        let found =
            read(r#"{"i": 3, "arch": "|a|", "logmeasures": {"synflow": 2.5, "snip": null}, "valacc": 91}"#).unwrap();
        assert_eq!((found.kind, found.key.as_str()), (KeyKind::Text, "|a|"));
        assert_eq!(found.cell("logmeasures/synflow"), Some("2.5"));
        assert_eq!(found.cell("logmeasures/snip"), Some(""));
        assert_eq!((found.cell("valacc"), found.cell("i"), found.cell("none")), (Some("91"), Some("3"), None));
        let found = read(r#"{"idx": 7, "jacov": {"score": -3.5, "time": 0.6}}"#).unwrap();
        assert_eq!((found.kind, found.key.as_str(), found.cell("jacov")), (KeyKind::Index, "7", Some("-3.5")));
        let found = read(r#"{"score": 1, "module_operations": ["input"], "module_adjacency": [[0]]}"#).unwrap();
        assert_eq!(found.key, r#"{"module_operations":["input"],"module_adjacency":[[0]]}"#);
        assert_eq!(found.cells, [("score".to_owned(), "1".to_owned())]);
        let found = read(r#"{"net": {"ds": [1]}, "score": 2}"#).unwrap();
        assert_eq!((found.key.as_str(), found.cell("score")), (r#"{"ds":[1]}"#, Some("2")));
        assert_eq!(read(r#"{"score": 2}"#), Err(UNNAMED.to_owned()));
        for (text, name) in [
            (r#"{"arch": "a", "score": 1, "score": 1}"#, "score"),
            (r#"{"arch": "a", "arch": "b", "score": 1}"#, "arch"),
            (r#"{"arch": "a", "m": {"s": 1, "s": 2}}"#, "m/s"),
            (r#"{"net": {}, "net": {}, "score": 1}"#, "net"),
        ] {
            assert_eq!(read(text), Err(format!("it has two members `{name}`")), "{text}");
        }
    }

    #[test]
    fn documents_of_several_shapes_are_tables() {
        let sets = |text: &str| {
            let found = document(&value(text), SpaceId::Nb201)?;
            Some(found.into_iter().map(|(name, rows)| (name.unwrap_or_default(), rows.len())).collect::<Vec<_>>())
        };
        let of = |name: &str, rows: usize| Some(vec![(name.to_owned(), rows)]);
        assert_eq!(sets(r#"[{"arch": "a", "score": 1}, {"arch": "b", "score": 1}]"#), of("", 2));
        assert_eq!(sets(r#"{"arch": "a", "score": 1}"#), of("", 1));
        let [a, b] = ["(1, 2, 0, 1, 2, 3)", "(1, 2, 0, 1, 2, 4)"];
        let suite =
            format!(r#"{{"{a}": {{"synflow": {{"score": 1, "time": 2}}}}, "{b}": {{"synflow": {{"score": 1}}}}}}"#);
        assert_eq!(sets(&suite), of("", 2));
        assert_eq!(sets(&format!(r#"{{"cifar10": {{"{a}": {{"synflow": 1}}}}}}"#)), of("cifar10", 1));
        // The score may be the only member, a number alone, or nothing where the estimator failed.
        assert_eq!(sets(&format!(r#"{{"cifar10": {{"{a}": {{"score": 1}}, "{b}": {{}}}}}}"#)), of("cifar10", 2));
        assert_eq!(sets(&format!(r#"{{"{a}": 1.5, "{b}": null}}"#)), of("", 2));
        let both =
            format!(r#"{{"cifar10": {{"{a}": {{"s": 1}}}}, "cifar100": {{"{a}": {{"s": 1}}, "{b}": {{"s": 1}}}}}}"#);
        assert_eq!(sets(&both), Some(vec![("cifar10".to_owned(), 1), ("cifar100".to_owned(), 2)]));
        assert_eq!(sets(&format!("{{\"nasbench101\": {both}}}")), sets(&both));
        for text in ["3", "[]", "[1]", "{}", r#"{"a": 1}"#, r#"{"a": {"b": {"c": {"d": {"e": 1}}}}}"#] {
            assert_eq!(sets(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_left_or_changed_without_panic(text in "([NanIfity\"\\\\,: -]|NaN|Infinity|é|-?1e[0-9]{1,4}|[0-9]){0,30}") {
            let changed = plain(&text);
            if serde_json::from_str::<Value>(&text).is_ok() {
                prop_assert_eq!(&*changed, &text);
            }
        }
    }
}
