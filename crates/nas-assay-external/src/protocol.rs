//! The lines that the program and a worker write.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The first line of the program.
#[derive(Debug, Serialize)]
pub(crate) struct Hello<'a> {
    #[serde(rename = "nas-assay")]
    pub protocol: u32,
    pub estimator: &'a str,
    pub threads: usize,
}

/// The first line of a worker.
#[derive(Debug, Deserialize)]
pub(crate) struct Ready {
    pub ready: u32,
}

/// A question of the program.
#[derive(Debug, Serialize)]
pub(crate) struct Question<'a> {
    pub id: u64,
    pub file: &'a str,
    pub architecture: &'a str,
    pub space: &'a str,
    pub seed: String,
}

/// An answer of a worker, as far as it can be understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub id: u64,
    pub outcome: Result<Scored, String>,
}

/// A score, and numbers that explain it.
#[derive(Debug, PartialEq)]
pub(crate) struct Scored {
    pub score: f64,
    pub details: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Line {
    id: u64,
    #[serde(default)]
    score: Option<Value>,
    #[serde(default)]
    details: BTreeMap<String, Value>,
    #[serde(default)]
    error: Option<String>,
}

/// The most details that an answer may have, and the most bytes of a detail's name.
const DETAILS: (usize, usize) = (64, 64);

/// Reads a line of a worker.
pub(crate) fn answer(line: &str) -> Result<Answer, String> {
    if !line.trim_start().starts_with('{') {
        return Err("it is no answer: no JSON object".to_owned());
    }
    let Line { id, score, details, error } =
        serde_json::from_str(&plain(line)).map_err(|error| format!("it is no answer: {error}"))?;
    let outcome = match (score, error) {
        (_, Some(error)) => Err(error),
        (None, None) => return Err("it has neither `score` nor `error`".to_owned()),
        (Some(score), None) => {
            let (most, longest) = DETAILS;
            if details.len() > most || details.keys().any(|name| name.is_empty() || name.len() > longest) {
                return Err(format!("it may have {most} details, with names of 1 to {longest} bytes"));
            }
            let score = number(&score).ok_or_else(|| format!("its score is {score}, and must be a number"))?;
            let of = |(name, value): (String, Value)| match number(&value) {
                Some(value) => Ok((name, value)),
                None => Err(format!("its detail {name:?} is {value}, and must be a number")),
            };
            Ok(Scored { score, details: details.into_iter().map(of).collect::<Result<_, _>>()? })
        }
    };
    Ok(Answer { id, outcome })
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "nan" => Some(f64::NAN),
            "inf" | "infinity" => Some(f64::INFINITY),
            "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// The line with Python's bare words for numbers that are not finite put into quotes. Texts in quotes stay as they are.
fn plain(line: &str) -> String {
    const WORDS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    let (mut out, mut rest, mut quoted) = (String::with_capacity(line.len()), line, false);
    while let Some(first) = rest.chars().next() {
        let word = WORDS.into_iter().find(|word| !quoted && rest.starts_with(word));
        let taken = match (word, first) {
            (Some(word), _) => {
                out.extend(["\"", word, "\""]);
                word.len()
            }
            (None, '\\') if quoted => {
                let escaped = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                out += &rest[..escaped];
                escaped
            }
            (None, _) => {
                quoted ^= first == '"';
                out.push(first);
                first.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(score: f64, details: &[(&str, f64)]) -> Scored {
        Scored { score, details: details.iter().map(|&(name, value)| (name.to_owned(), value)).collect() }
    }

    #[test]
    fn answers_are_read() {
        for (line, outcome) in [
            (r#"{"id": 3, "score": 0.25}"#, Ok(scored(0.25, &[]))),
            (
                r#"{"id":3,"score":-2,"details":{"log":1e-3,"b":"inf"},"more":[1]}"#,
                Ok(scored(-2.0, &[("b", f64::INFINITY), ("log", 1e-3)])),
            ),
            (
                r#"{"id": 3, "score": -Infinity, "details": {"a\"NaN": Infinity}}"#,
                Ok(scored(f64::NEG_INFINITY, &[("a\"NaN", f64::INFINITY)])),
            ),
            (r#"{"id": 3, "error": "division by zero: NaN"}"#, Err("division by zero: NaN".to_owned())),
            (r#"{"id": 3, "score": 1, "error": "no"}"#, Err("no".to_owned())),
        ] {
            assert_eq!(answer(line), Ok(Answer { id: 3, outcome }), "{line}");
        }
        for line in [r#"{"id": 3, "score": NaN}"#, r#"{"id": 3, "score": "nan"}"#] {
            assert!(answer(line).unwrap().outcome.unwrap().score.is_nan(), "{line}");
        }
    }

    #[test]
    fn what_is_no_answer_is_told() {
        let many = format!(
            r#"{{"id": 3, "score": 1, "details": {{{}}}}}"#,
            (0..65).map(|i| format!("\"{i}\": 1")).collect::<Vec<_>>().join(",")
        );
        for (line, said) in [
            ("hello", "it is no answer"),
            ("", "it is no answer"),
            ("[1, 2]", "it is no answer"),
            (r#"{"score": 1}"#, "missing field `id`"),
            (r#"{"id": -1, "score": 1}"#, "it is no answer"),
            (r#"{"id": 3}"#, "neither `score` nor `error`"),
            (r#"{"id": 3, "score": "high"}"#, "its score is \"high\", and must be a number"),
            (r#"{"id": 3, "score": [1]}"#, "must be a number"),
            (r#"{"id": 3, "score": 1, "details": {"a": true}}"#, "its detail \"a\" is true"),
            (r#"{"id": 3, "score": 1, "details": {"": 1}}"#, "64 details"),
            (&many, "64 details"),
            ("{\"id\": 3, \"score\": 1, \"x\": \"\\", "it is no answer"),
        ] {
            let found = answer(line).unwrap_err();
            assert!(found.contains(said), "{line}: {found}");
        }
    }
}
