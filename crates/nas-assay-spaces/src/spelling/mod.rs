//! Every spelling of an architecture that is in use: texts that logs, other tools and published files have.
//!
//! [`Architecture::parse`] reads one text form and nothing else; records and stores use it. [`read`] reads all forms of a space
//! ([`Form::of`]), and [`write()`] writes them. A text that can mean only one architecture is read, whatever its blanks, quotes, case and
//! synonyms. A text that can mean several is refused with all of its meanings, and read if its form is named:
//!
//! ```
//! use nas_assay_spaces::SpaceId::Nb201;
//! use nas_assay_spaces::spelling::{Form, Spelled, read, write};
//!
//! let Spelled::Architecture(cell) = read(Nb201, "none, zero, conv_1x1, skip, conv_3x3, none", None)? else { unreachable!() };
//! assert_eq!(cell.to_string(), "|none~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|nor_conv_3x3~1|none~2|");
//!
//! // Two programs number the operations and the edges differently.
//! assert_eq!(write(cell, Form::Autodl)?, "(0, 0, 2, 1, 3, 0)");
//! assert_eq!(write(cell, Form::Naslib)?, "(1, 1, 0, 3, 2, 1)");
//! assert!(read(Nb201, "(0, 0, 2, 1, 3, 0)", None).is_err());
//! assert_eq!(read(Nb201, "(0, 0, 2, 1, 3, 0)", Some(Form::Autodl))?, Spelled::Architecture(cell));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod form;
mod literal;
mod nb101;
mod nb201;
mod nb301;
mod nds;
mod scan;
#[cfg(test)]
mod tests;

pub use error::SpellingError;
pub use form::{Form, NoSuchForm, UnknownForm};

use self::error::Fault;
use self::scan::trimmed;
use crate::nds::{ResNeXtA, ResNet};
use crate::{Architecture, ArchitectureError, SpaceId, TableSpace, table_only};

/// What a text spells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spelled {
    /// An architecture.
    Architecture(Architecture),
    /// The hash of a NAS-Bench-101 cell. Whoever has a table of cells can find the one with this [hash](crate::nb101::Architecture::hash).
    Hash(crate::nb101::ModuleHash),
}

impl Spelled {
    /// The architecture; `None` for a hash.
    pub const fn architecture(self) -> Option<Architecture> {
        match self {
            Self::Architecture(architecture) => Some(architecture),
            Self::Hash(_) => None,
        }
    }
}

/// Longer texts (in bytes) are refused unread.
const LONGEST: usize = 1 << 14;

/// Reads `text` as an architecture of `space`, in the form `form`, or else in the only form that it can have.
///
/// A NAS-Bench-101 cell with fewer vertices, or with its vertices in another order, is the encoding with the smallest index that builds
/// the same network.
///
/// # Errors
/// If the text is no architecture of the space, or could be several. The message says what the text looks like.
pub fn read(space: SpaceId, text: &str, form: Option<Form>) -> Result<Spelled, SpellingError> {
    if matches!(form, None | Some(Form::Text))
        && let Ok(architecture) = Architecture::parse(space, text)
    {
        return Ok(Spelled::Architecture(architecture));
    }
    let read = match form {
        None => recognised(space, text).map(|(_, spelled)| spelled),
        Some(form) => read_as(space, text, form),
    };
    read.map_err(|fault| SpellingError::new(space, form, text, fault))
}

/// As [`read`] without a form, and tells the form that the text has.
///
/// # Errors
/// As [`read`].
pub fn recognise(space: SpaceId, text: &str) -> Result<(Form, Spelled), SpellingError> {
    if let Ok(architecture) = Architecture::parse(space, text) {
        return Ok((Form::Text, Spelled::Architecture(architecture)));
    }
    recognised(space, text).map_err(|fault| SpellingError::new(space, None, text, fault))
}

/// Writes `architecture` in the form `form`. Reading the text in this form gives the architecture back (or its hash, if that is the form).
///
/// # Errors
/// If the space of the architecture has no such form.
pub fn write(architecture: Architecture, form: Form) -> Result<String, NoSuchForm> {
    if form == Form::Text {
        return Ok(architecture.to_string());
    }
    let written = match architecture {
        Architecture::Nb101(cell) => nb101::write(cell, form),
        Architecture::Nb201(cell) => nb201::write(cell, form),
        Architecture::Nb301(cells) => nb301::write(cells, form),
        Architecture::NdsResnet(network) => nds::write(network, form),
        Architecture::NdsResnextA(network) => nds::write(network, form),
        Architecture::Table(_) => None,
    };
    written.ok_or(NoSuchForm { space: architecture.space(), form })
}

/// The text without what stands around it, and the byte where it begins.
fn whole(text: &str) -> Result<(&str, usize), Fault> {
    let (inner, start) = trimmed(text);
    match inner.len() {
        0 => Err(Fault::Empty),
        length if length > LONGEST => Err(Fault::TooLong),
        _ => Ok((inner, start)),
    }
}

/// Reads a text that is not exactly the text form.
fn recognised(space: SpaceId, text: &str) -> Result<(Form, Spelled), Fault> {
    let (inner, start) = whole(text)?;
    if inner.len() < text.len()
        && let Ok(architecture) = Architecture::parse(space, inner)
    {
        return Ok((Form::Text, Spelled::Architecture(architecture)));
    }
    let recognised = match space {
        SpaceId::Nb101 => nb101::recognise(inner),
        SpaceId::Nb201 => nb201::recognise(inner),
        SpaceId::Nb301 => nb301::recognise(inner),
        SpaceId::NdsResnet => nds::recognise::<ResNet>(inner),
        SpaceId::NdsResnextA => nds::recognise::<ResNeXtA>(inner),
        SpaceId::Table(space) => text_of(space, inner).map(|spelled| (Form::Text, spelled)),
    };
    recognised.map_err(|fault| fault.moved(start))
}

/// Reads the text form of a table-only space, in any case.
fn text_of(space: TableSpace, text: &str) -> Result<Spelled, Fault> {
    match table_only::Architecture::parse(space, &text.to_ascii_lowercase()) {
        Ok(architecture) => Ok(Spelled::Architecture(architecture.into())),
        Err(ArchitectureError::Unexpected { position: at, expected, .. }) => {
            Err(Fault::Expected { form: Form::Text, at, expected })
        }
        Err(ArchitectureError::UnknownOperation { .. }) => Err(Fault::Unlike),
    }
}

fn read_as(space: SpaceId, text: &str, form: Form) -> Result<Spelled, Fault> {
    if !form.is_of(space) {
        return Err(Fault::NoForm);
    }
    let (inner, start) = whole(text)?;
    let read = match space {
        SpaceId::Nb101 => nb101::read(inner, form),
        SpaceId::Nb201 => nb201::read(inner, form),
        SpaceId::Nb301 => nb301::read(inner, form),
        SpaceId::NdsResnet => nds::read::<ResNet>(inner, form),
        SpaceId::NdsResnextA => nds::read::<ResNeXtA>(inner, form),
        SpaceId::Table(space) => text_of(space, inner),
    };
    read.map_err(|fault| fault.moved(start))
}
