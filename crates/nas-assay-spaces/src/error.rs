//! Errors in the text of an architecture or the name of a space.

use std::fmt;

use nas_assay_base::nearest;

use super::SpaceId;

/// The text is not an architecture. Positions count bytes from 0.
///
/// Files have millions of rows, so little is done to make one: names are compared when it is displayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// The text does not follow the grammar of the space.
    #[error("not an architecture of {space}: expected {expected} at byte {position}, found {found}")]
    Unexpected {
        /// The name of the space.
        space: &'static str,
        /// The position of the first wrong byte.
        position: usize,
        /// What the grammar expects there.
        expected: &'static str,
        /// The text there.
        found: Excerpt,
    },
    /// An operation was expected, and the space has none of that name.
    #[error("not an architecture of {space}: unknown operation {found} at byte {position}; {}", known_operations(space, found.shown()))]
    UnknownOperation {
        /// The name of the space.
        space: &'static str,
        /// The position where the name begins.
        position: usize,
        /// The unknown name.
        found: Excerpt,
    },
}

impl ArchitectureError {
    /// The position of the first wrong byte.
    pub const fn position(&self) -> usize {
        match self {
            Self::Unexpected { position, .. } | Self::UnknownOperation { position, .. } => *position,
        }
    }
}

/// The operation of `space` that `name` probably means, or else all of them.
pub(super) fn known_operations(space: &str, name: &str) -> String {
    let id = SpaceId::NAMED.into_iter().find(|id| id.name() == space);
    let operations = id.map_or(&[][..], |id| id.positions().operations);
    meant(name, operations, "operations")
}

/// Names the one of `known` that `name` probably means, or else all of them.
fn meant(name: &str, known: &[&str], what: &str) -> String {
    match nearest(name, known.iter().copied()) {
        Some(nearest) => format!("the nearest known one is `{nearest}`"),
        None => format!("the {what} are {}", listed(known)),
    }
}

/// Names in backquotes: `a`, `b` and `c`.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}

/// The beginning of a text. It is displayed in backquotes, shortened and with control characters escaped, and as "the end of the text" if
/// it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    shown: Box<str>,
    is_all: bool,
}

impl Excerpt {
    const CHARS: usize = 24;

    /// The excerpt of `text`.
    pub fn of(text: &str) -> Self {
        let end = text.char_indices().nth(Self::CHARS).map_or(text.len(), |(end, _)| end);
        Self { shown: text[..end].into(), is_all: end == text.len() }
    }

    /// The characters that are displayed.
    fn shown(&self) -> &str {
        &self.shown
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shown.is_empty() {
            return f.write_str("the end of the text");
        }
        f.write_str("`")?;
        for shown in self.shown.chars() {
            match shown {
                '\'' | '"' => write!(f, "{shown}")?,
                _ => write!(f, "{}", shown.escape_debug())?,
            }
        }
        f.write_str(if self.is_all { "`" } else { "…`" })
    }
}

/// The name is not a search space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown search space {name}; {}", known_spaces(name.shown()))]
pub struct UnknownSpace {
    name: Excerpt,
}

impl UnknownSpace {
    pub(super) fn new(name: &str) -> Self {
        Self { name: Excerpt::of(name) }
    }
}

/// Other names of the spaces, in lower case and with nothing but letters and digits.
const OTHER_NAMES: [(&str, &[&str]); 8] = [
    ("nb101", &["101", "nb101", "nasbench101", "1shot1", "nb1shot1", "nasbench1shot1"]),
    ("nb201", &["201", "nb201", "nasbench201", "natsbench", "natsbenchtss", "natstss", "tss"]),
    ("nb301", &["301", "nb301", "nasbench301", "darts"]),
    ("nds_resnet", &["resnet", "ndsresnet"]),
    ("nds_resnext_a", &["resnext", "resnexta", "ndsresnext", "ndsresnexta"]),
    ("nats_sss", &["sss", "natssss", "natsbenchsss"]),
    ("tnb101_micro", &["tnb101micro", "tnbmicro", "transnasbench101micro", "transbench101micro"]),
    ("tnb101_macro", &["tnb101macro", "tnbmacro", "transnasbench101macro", "transbench101macro"]),
];

/// Spaces that are not here, spelt in the same way. No similar name is meant by them.
const ELSEWHERE: [&str; 5] = ["ndsresnetb", "ndsresnextb", "resnetb", "resnextb", "transnasbench101"];

/// What a name that is not a space probably means.
fn known_spaces(name: &str) -> String {
    let key: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let names = SpaceId::NAMED.map(SpaceId::name);
    if let Some((space, _)) = OTHER_NAMES.iter().find(|(_, others)| others.contains(&key.as_str())) {
        format!("say `{space}`")
    } else if ELSEWHERE.contains(&key.as_str()) {
        format!("the spaces are {}", listed(&names))
    } else {
        meant(name, &names, "spaces")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(Excerpt::of("").to_string(), "the end of the text");
        assert_eq!(Excerpt::of("a\n'b'").to_string(), "`a\\n'b'`");
        assert_eq!(Excerpt::of(&"é".repeat(1000)).to_string().chars().count(), Excerpt::CHARS + 3);
    }
}
