//! Finds the place of a key in a TOML text.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The part of a TOML text, as a range of bytes, that a problem with a key is about: the item of its list that `said` names, else its value,
/// else the key of its table. Of a key that is not written, its nearest table is meant. `None` if not even that is in the text.
pub(super) fn place_of(text: &str, key: &str, said: &str) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let (mut table, mut place) = (document.get_ref(), None);
    let mut parts = key.split('.');
    loop {
        let Some(part) = parts.next() else { return place };
        let Some((name, value)) = table.iter().find(|(name, _)| name.get_ref() == part) else { return place };
        match value.get_ref() {
            DeValue::Table(inner) => {
                place = Some(name.span());
                table = inner;
            }
            DeValue::Array(items) => return Some(named(items.iter(), said).unwrap_or_else(|| value.span())),
            _ => return Some(value.span()),
        }
    }
}

/// The only text of a list that is a word of `said`.
fn named<'a>(items: impl Iterator<Item = &'a Spanned<DeValue<'a>>>, said: &str) -> Option<Range<usize>> {
    let words: Vec<&str> = said.split(|letter: char| !(letter.is_alphanumeric() || "_-./".contains(letter))).collect();
    let is_named = |item: &&Spanned<DeValue<'_>>| item.get_ref().as_str().is_some_and(|text| words.contains(&text));
    let mut found = items.filter(is_named);
    let first = found.next()?;
    found.next().is_none().then(|| first.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "name = \"x\"\n[panels.all]\nestimators = [\"snip\", \"snipp\", \"b-c\"]\nsample = 3\n[a]\nb.c = 1\n";

    fn found(key: &str, said: &str) -> Option<&'static str> {
        place_of(TEXT, key, said).map(|place| &TEXT[place])
    }

    #[test]
    fn a_problem_has_the_smallest_place() {
        assert_eq!(found("panels.all.estimators", "unknown estimator `snipp`"), Some("\"snipp\""));
        assert_eq!(found("panels.all.estimators", "names b-c, which is none"), Some("\"b-c\""));
        assert_eq!(found("panels.all.sample", "is 3"), Some("3"));
        assert_eq!(found("a.b.c", "is 1"), Some("1"));
        assert_eq!(found("name", "is x"), Some("\"x\""));
    }

    #[test]
    fn of_two_items_none_is_chosen() {
        assert_eq!(found("panels.all.estimators", "has snip and snipp"), Some("[\"snip\", \"snipp\", \"b-c\"]"));
        assert_eq!(found("panels.all.estimators", "is too long"), Some("[\"snip\", \"snipp\", \"b-c\"]"));
    }

    #[test]
    fn a_key_that_is_not_written_has_the_place_of_its_table() {
        assert_eq!(found("panels.all.without.operations", "is missing"), Some("all"));
        assert_eq!(found("panels.other", "is missing"), Some("panels"));
        assert_eq!(found("a.b.d", "is missing"), Some("b"));
        assert_eq!(found("space", "is missing"), None);
        assert_eq!(place_of("no = [toml", "no", "is wrong"), None);
    }
}
