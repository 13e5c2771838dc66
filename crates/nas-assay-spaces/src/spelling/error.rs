//! Why a text was not read.

use std::fmt;

use super::literal::Malformed;
use super::scan::trimmed;
use super::{Form, NoSuchForm, recognise, write};
use crate::error::{Excerpt, known_operations};
use crate::{Architecture, SpaceId, nb101, nb201, nb301, nds};

/// The text was not read as an architecture. The message says what it looks like, and how it would be read.
///
/// Files have millions of rows, so little is done to make one: the text is looked at again when the error is displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpellingError {
    space: SpaceId,
    form: Option<Form>,
    text: Box<str>,
    fault: Fault,
}

impl std::error::Error for SpellingError {}

impl SpellingError {
    pub(super) fn new(space: SpaceId, form: Option<Form>, text: &str, fault: Fault) -> Self {
        let end = text.char_indices().nth(super::LONGEST).map_or(text.len(), |(end, _)| end);
        Self { space, form, text: text[..end].into(), fault }
    }

    /// Whether the text could be several architectures, and is read if its form is named.
    pub const fn is_ambiguous(&self) -> bool {
        matches!(self.fault, Fault::Numbers | Fault::NaslibNames | Fault::Index | Fault::Pairs)
    }

    /// Whether the text is a cell of NAS-Bench-101 outside its sub-space.
    pub const fn is_outside(&self) -> bool {
        matches!(self.fault, Fault::Outside { .. })
    }

    /// The first wrong byte of the text, if there is one.
    pub const fn position(&self) -> Option<usize> {
        match self.fault {
            Fault::Expected { at, .. } | Fault::Malformed { at, .. } | Fault::Operation { at, .. } => Some(at),
            _ => None,
        }
    }
}

/// What is wrong with a text. Positions count bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Empty,
    TooLong,
    /// The space does not have the form that was named.
    NoForm,
    /// No form of the space looks like this.
    Unlike,
    /// Brackets or quotes do not match.
    Malformed {
        at: usize,
        expected: &'static str,
    },
    Expected {
        form: Form,
        at: usize,
        expected: &'static str,
    },
    /// An unknown operation.
    Operation {
        form: Form,
        at: usize,
        length: usize,
    },
    /// The parts are those of the form, but not the whole.
    Wrong {
        form: Form,
        what: &'static str,
    },
    /// NAS-Bench-201: six numbers of operations.
    Numbers,
    /// NAS-Bench-201: six names of operations, as only `NASLib` has them.
    NaslibNames,
    /// NAS-Bench-201: one number.
    Index,
    /// NAS-Bench-201: a text of TransNAS-Bench-101.
    TransNas,
    /// NAS-Bench-301: pairs of numbers that two codes allow.
    Pairs,
    /// NAS-Bench-101: a matrix that was taken for a number and has so many digits left.
    LostZero {
        digits: usize,
    },
    /// NAS-Bench-101: a matrix that was taken for a number and is written as one.
    AsNumber,
    /// NAS-Bench-101: a cell of the benchmark with so many vertices, which have so many parents.
    Outside {
        vertices: usize,
        parents: [u8; nb101::VERTICES],
    },
}

impl Fault {
    /// With positions counted from `start` bytes earlier.
    pub(super) const fn moved(mut self, start: usize) -> Self {
        if let Self::Expected { at, .. } | Self::Malformed { at, .. } | Self::Operation { at, .. } = &mut self {
            *at += start;
        }
        self
    }

    /// Whether the text can be looked for in other spaces.
    const fn is_foreign(self) -> bool {
        use Fault::{Expected, Malformed, Operation, Unlike, Wrong};
        matches!(self, Unlike | Malformed { .. } | Expected { .. } | Operation { .. } | Wrong { .. })
    }
}

impl From<Malformed> for Fault {
    fn from(Malformed { at, expected }: Malformed) -> Self {
        Self::Malformed { at, expected }
    }
}

/// An architecture for messages to show.
fn example(space: SpaceId) -> Option<Architecture> {
    match space {
        SpaceId::Nb101 => nb101::Subset::Paper.architectures().nth(9_000).map(Into::into),
        SpaceId::Nb201 => nb201::Architecture::from_index(11_069).map(Into::into),
        SpaceId::Nb301 => nb301::Architecture::from_index(123_456_789_012_345_678).map(Into::into),
        SpaceId::NdsResnet => nds::resnet::Architecture::from_index(500_000).map(Into::into),
        SpaceId::NdsResnextA => nds::resnext_a::Architecture::from_index(5_000_000).map(Into::into),
        SpaceId::Table(space) => space.from_index(space.count() / 3).map(Into::into),
    }
}

/// The operations of a code with their numbers.
fn numbered<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let numbered: Vec<String> =
        names.into_iter().enumerate().map(|(number, name)| format!("{number} {name}")).collect();
    numbered.join(", ")
}

impl SpellingError {
    /// The space and form in which the text is read, if there is one.
    fn elsewhere(&self) -> Option<(SpaceId, Form)> {
        let own = self.form.is_some().then_some(self.space);
        let others = SpaceId::NAMED.into_iter().filter(|&space| space != self.space);
        own.into_iter().chain(others).find_map(|space| recognise(space, &self.text).ok().map(|(form, _)| (space, form)))
    }

    fn at(&self, at: usize) -> Excerpt {
        Excerpt::of(self.text.get(at..).unwrap_or_default())
    }
}

impl fmt::Display for SpellingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Fault::NoForm, Some(form)) = (self.fault, self.form) {
            return NoSuchForm { space: self.space, form }.fmt(f);
        }
        let found = Excerpt::of(trimmed(&self.text).0);
        write!(f, "not an architecture of {}: ", self.space)?;
        if self.fault.is_foreign()
            && let Some((space, form)) = self.elsewhere()
        {
            return match self.form {
                Some(asked) if space == self.space => write!(f, "{found} has the form `{form}`, not `{asked}`"),
                _ if form == Form::Text => write!(f, "{found} is one of {space}"),
                _ => write!(f, "{found} is one of {space}, in the form `{form}`"),
            };
        }
        let form = match self.fault {
            Fault::Expected { form, .. } | Fault::Operation { form, .. } | Fault::Wrong { form, .. } => Some(form),
            _ => self.form,
        };
        if let Some(form) = form.filter(|&form| form != Form::Text) {
            write!(f, "as form `{form}`, ")?;
        }
        match self.fault {
            Fault::Empty => f.write_str("the text is empty"),
            Fault::TooLong => write!(f, "{found} has more than {} bytes", super::LONGEST),
            Fault::Unlike | Fault::NoForm => self.unlike(f, &found),
            Fault::Malformed { at, expected } | Fault::Expected { at, expected, .. } => {
                write!(f, "expected {expected} at byte {at}, found {}", self.at(at))
            }
            Fault::Operation { at, length, .. } => {
                let name = self.text.get(at..at + length).unwrap_or_default();
                let known = known_operations(self.space.name(), name);
                write!(f, "unknown operation {} at byte {at}; {known}", Excerpt::of(name))
            }
            Fault::Wrong { what, .. } => write!(f, "{found} {what}"),
            Fault::Numbers => numbers(f, &found),
            Fault::NaslibNames => write!(
                f,
                "{found} has six names of operations that NASLib uses, whose order of edges is another: name the form, `naslib` \
                 (edges {}) or `names` (edges {})",
                edges(&super::nb201::NASLIB),
                edges(&super::nb201::AUTODL)
            ),
            Fault::Index => write!(
                f,
                "{found} looks like a number; name the form `index` if it is the benchmark's index, from 0 to {}",
                nb201::COUNT - 1
            ),
            Fault::TransNas => write!(f, "{found} looks like a text of TransNAS-Bench-101, a space that is not here"),
            Fault::Pairs => pairs(f, &found),
            Fault::LostZero { digits } => {
                let side = (digits + 1).isqrt();
                write!(
                    f,
                    "the matrix has {digits} digits, one less than {side}×{side}: a program that takes them for a number drops the \
                     leading zero; keep them as text"
                )
            }
            Fault::AsNumber => write!(
                f,
                "the matrix is written as a number: a program that takes its digits for one loses some of them; keep them as text"
            ),
            Fault::Outside { vertices, parents } => {
                let counts = |parents: &[u8]| parents.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
                let due = nb101::PARENTS.map(|parents| parents as u8);
                write!(
                    f,
                    "a cell of NAS-Bench-101, but nb101 is only its sub-space 3 of NAS-Bench-1Shot1: {} vertices with {} parents, \
                     of which some may be unused; the {vertices} used vertices of this cell have {}",
                    nb101::VERTICES,
                    counts(&due),
                    counts(parents.get(..vertices).unwrap_or_default()),
                )
            }
        }
    }
}

impl SpellingError {
    fn unlike(&self, f: &mut fmt::Formatter<'_>, found: &Excerpt) -> fmt::Result {
        let form = self.form.unwrap_or(Form::Text);
        write!(f, "{found} is unlike all of its texts")?;
        match example(self.space).map(|example| write(example, form)) {
            Some(Ok(example)) => write!(f, "; one is `{example}`"),
            _ => Ok(()),
        }
    }
}

/// The edges of a code in order.
fn edges(code: &super::nb201::Code) -> String {
    let edges: Vec<String> = code.edges.iter().map(|(from, to)| format!("{from}-{to}")).collect();
    edges.join(", ")
}

/// Six numbers of operations.
fn numbers(f: &mut fmt::Formatter<'_>, found: &Excerpt) -> fmt::Result {
    let [autodl, naslib] = [super::nb201::AUTODL, super::nb201::NASLIB]
        .map(|code| format!("{}; edges {}", numbered(code.operations.map(nb201::Operation::name)), edges(&code)));
    write!(
        f,
        "{found} looks like six numbers of operations, for which two codes are in use: name the form, `autodl` ({autodl}) or \
         `naslib` ({naslib})"
    )
}

/// Pairs of numbers that two codes allow.
fn pairs(f: &mut fmt::Formatter<'_>, found: &Excerpt) -> fmt::Result {
    let names = super::nb301::CODE.map(nb301::Operation::name);
    write!(
        f,
        "{found} looks like pairs of an input and the number of an operation, for which two codes are in use: name the form, \
         `naslib` ({}) or `bananas` ({})",
        numbered(names),
        numbered(["none"].into_iter().chain(names)),
    )
}
