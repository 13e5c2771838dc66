//! What can be wrong with the text of an architecture or the name of a space.

use nas_assay_base::nearest_always;

use super::SpaceId;

/// A text that is not an architecture. Positions count bytes from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchitectureError {
    /// The text departs from the space's grammar.
    #[error("not an architecture of {space}: expected {expected} at byte {position}, found {found}")]
    Unexpected {
        /// The name of the space whose grammar was followed.
        space: &'static str,
        /// Where the text departs.
        position: usize,
        /// What the grammar asks for there.
        expected: &'static str,
        /// What stands there.
        found: Excerpt,
    },
    /// An operation was due, and its name is none of the space's.
    #[error(
        "not an architecture of {space}: unknown operation {found} at byte {position}; the nearest known one is `{nearest}`"
    )]
    UnknownOperation {
        /// The name of the space whose operations were tried.
        space: &'static str,
        /// Where the name begins.
        position: usize,
        /// The name that stands there.
        found: Excerpt,
        /// The operation with the most similar name.
        nearest: &'static str,
    },
}

impl ArchitectureError {
    /// The byte at which the text went wrong.
    pub const fn position(&self) -> usize {
        match self {
            Self::Unexpected { position, .. } | Self::UnknownOperation { position, .. } => *position,
        }
    }
}

/// The beginning of a text in backquotes, cut short and with control characters escaped, or "the end of the text".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    const CHARS: usize = 24;

    /// The excerpt that stands for `text`.
    pub fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self("the end of the text".to_owned());
        }
        let mut shown: String = text.chars().take(Self::CHARS).flat_map(char::escape_debug).collect();
        if text.chars().nth(Self::CHARS).is_some() {
            shown.push('…');
        }
        Self(format!("`{shown}`"))
    }
}

impl std::fmt::Display for Excerpt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that is no search space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown search space {name}; the nearest known one is `{nearest}`")]
pub struct UnknownSpace {
    name: Excerpt,
    nearest: &'static str,
}

impl UnknownSpace {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: Excerpt::of(name),
            nearest: nearest_always(name, SpaceId::ALL.map(SpaceId::name)).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(Excerpt::of("").to_string(), "the end of the text");
        assert_eq!(Excerpt::of("a\nb").to_string(), "`a\\nb`");
        assert_eq!(Excerpt::of(&"é".repeat(1000)).to_string().chars().count(), Excerpt::CHARS + 3);
    }
}
