//! Errors in the text of an architecture or the name of a space.

use nas_assay_base::nearest_always;

use super::SpaceId;

/// The text is not an architecture. Positions count bytes from 0.
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
    #[error(
        "not an architecture of {space}: unknown operation {found} at byte {position}; the nearest known one is `{nearest}`"
    )]
    UnknownOperation {
        /// The name of the space.
        space: &'static str,
        /// The position where the name begins.
        position: usize,
        /// The unknown name.
        found: Excerpt,
        /// The operation with the most similar name.
        nearest: &'static str,
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

/// The beginning of a text in backquotes, shortened and with control characters escaped; or "the end of the text" if it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    const CHARS: usize = 24;

    /// The excerpt of `text`.
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

/// The name is not a search space.
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
