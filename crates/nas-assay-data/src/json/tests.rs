//! JSON with bare words, damaged JSON, and JSON that asks for memory.

use super::*;
use proptest::prelude::*;
use serde::Deserialize;

/// Gives a byte at a time, so that words and texts are cut everywhere.
struct Bytewise<'a>(&'a [u8]);

impl Read for Bytewise<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into.len().min(1);
        self.0.read(&mut into[..count])
    }
}

fn tolerated(text: &str) -> String {
    let (mut whole, mut bytewise) = (String::new(), String::new());
    Tolerant::new(text.as_bytes()).read_to_string(&mut whole).unwrap();
    Tolerant::new(Bytewise(text.as_bytes())).read_to_string(&mut bytewise).unwrap();
    assert_eq!(whole, bytewise);
    whole
}

#[test]
fn bare_words_are_null_and_texts_stay() {
    assert_eq!(tolerated("[NaN, Infinity,-Infinity,-1.5]"), "[null, null,null,-1.5]");
    let texts = r#"{"NaN": "a \"NaN\" \\", "-Infinity": "\\\"Infinity"}"#;
    assert_eq!(tolerated(texts), texts);
    assert_eq!(tolerated(r#"{"a\\":NaN}"#), r#"{"a\\":null}"#);
    // What is no word stays, to be refused by the reader.
    for other in ["[Nan]", "[-Inf]", "[Infinit", "-", "N", "[NaNaN]"] {
        assert!(value::<serde_json::Value>("x", other.as_bytes()).is_err(), "{other}");
    }
    assert_eq!(tolerated("Na-In\"NaN"), "Na-In\"NaN");
}

#[derive(Debug, Deserialize, PartialEq)]
struct Job {
    name: String,
    error: f64,
}

fn jobs(text: &str) -> (Vec<Job>, Result<u64, String>) {
    let mut seen = Vec::new();
    let read = each("jobs.json", text.as_bytes(), |number, job: Job| {
        assert_eq!(number, seen.len() as u64);
        if job.error > 100.0 {
            return Err(format!("{} has an error of {}", job.name, job.error));
        }
        seen.push(job);
        Ok(())
    });
    (seen, read.map_err(|error| error.to_string()))
}

#[test]
fn elements_come_one_at_a_time_and_other_fields_do_not_disturb() {
    let text =
        r#"[{"name": "a", "loss": [1, NaN], "error": 5.93}, {"deep": {"x": [Infinity]}, "error": 6, "name": "b"}]"#;
    let (seen, count) = jobs(text);
    assert_eq!(count, Ok(2));
    let expected = [("a", 5.93), ("b", 6.0)].map(|(name, error)| Job { name: name.to_owned(), error });
    assert_eq!(seen, expected);
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let refusal = |text: &str| jobs(text).1.unwrap_err();
    assert_eq!(refusal(r#"[{"name": "a"}]"#), "jobs.json: missing field `error` at line 1 column 14");
    assert_eq!(
        refusal(r#"[{"name": "a", "error": NaN}]"#),
        "jobs.json: invalid type: null, expected f64 at line 1 column 28"
    );
    assert_eq!(refusal(r#"[{"name": "a", "error": 101}]"#), "jobs.json: a has an error of 101 at line 1 column 29");
    assert_eq!(refusal(r#"{"top": []}"#), "jobs.json: invalid type: map, expected an array at line 1 column 1");
    let cut = refusal(r#"[{"name": "a", "error": 1"#);
    assert!(cut.contains("EOF while parsing") && cut.contains("truncated or damaged"), "{cut}");
    assert!(refusal("[] []").contains("trailing characters"));
    let long: Result<Few, DataError> = value("x", &b"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]"[..]);
    assert!(long.unwrap_err().to_string().contains("a list of at most 16 numbers"));
    assert_eq!(value::<Few>("x", &b"[1,0.5]"[..]).unwrap(), Few(vec![1.0, 0.5]));
}

#[test]
fn no_text_or_number_takes_more_than_a_megabyte() {
    for (start, byte) in [("[\"", b'a'), ("[\"", b'\\'), ("[", b'1'), ("[-", b'1'), ("[0.", b'0')] {
        let endless = std::io::repeat(byte).take(3_000_000);
        let damaged = value::<serde_json::Value>("x", start.as_bytes().chain(endless)).unwrap_err();
        assert!(damaged.to_string().contains("more than a megabyte"), "{damaged}");
    }
}

const TEXT: &str =
    r#"[{"name": "a", "loss": [1, NaN], "error": 5.93}, {"deep": {"x": [-Infinity]}, "error": 6, "name": "b"}]"#;

proptest! {
    #[test]
    fn a_truncated_array_is_refused(cut in 0..TEXT.len()) {
        prop_assert!(jobs(&TEXT[..cut]).1.is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), at in 0..TEXT.len(), put in any::<u8>()) {
        let mut damaged = TEXT.as_bytes().to_vec();
        damaged[at] = put;
        for source in [bytes, damaged] {
            let mut all = Vec::new();
            Tolerant::new(&source[..]).read_to_end(&mut all).unwrap();
            let _ = value::<Vec<serde_json::Value>>("x", &source[..]);
        }
    }

    /// JSON without bare words stays as it is.
    #[test]
    fn plain_json_stays(texts in proptest::collection::vec(any::<String>(), 0..8), numbers in any::<[f64; 3]>()) {
        let written = serde_json::to_string(&(&texts, numbers)).unwrap();
        prop_assert_eq!(tolerated(&written), written);
    }
}
