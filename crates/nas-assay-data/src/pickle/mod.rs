//! Python's pickles, without Python: containers, text, numbers and `NumPy`'s scalars and arrays. A pickle is a program; this reader runs none
//! of it. Whatever names another class than the few that the benchmarks' files need is refused.
//!
//! A pickle of gigabytes is read in parts: each part is shown as soon as it is complete, and then forgotten ([`Parts`]). What stays is the
//! text that was seen (once each) and two to four bytes for everything that the pickle numbers.
//!
//! ```
//! use nas_assay_data::pickle::{Stream, WHOLE};
//!
//! // pickle.dumps({"a": [1, 2.5]}, protocol=2)
//! let bytes = b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01]q\x02(K\x01G@\x04\x00\x00\x00\x00\x00\x00es.";
//! let tree = Stream::new(&bytes[..]).whole(WHOLE)?;
//! let list: Vec<f64> = tree.root().get("a").unwrap().elements().filter_map(|item| item.number()).collect();
//! assert_eq!(list, [1.0, 2.5]);
//! # Ok::<(), nas_assay_data::pickle::PickleError>(())
//! ```

mod arena;
mod machine;
mod memo;
mod stream;
#[cfg(test)]
mod tests;
mod view;

pub use arena::Dtype;
pub use stream::Stream;
pub use view::{Array, Tree, View};

/// A pickle cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("at byte {at}: {problem}")]
pub struct PickleError {
    /// How many bytes were read before.
    pub at: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong in a pickle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The bytes end.
    #[error("the file ends within a pickle")]
    Ends,
    /// The source cannot be read.
    #[error(transparent)]
    Read(std::io::Error),
    /// An instruction that these files do not need.
    #[error("the pickle has the instruction 0x{0:02x}, which no file of these benchmarks needs")]
    Instruction(u8),
    /// A class that these files do not need.
    #[error("the pickle asks for `{0}`, which no file of these benchmarks needs: nothing of it is run")]
    Class(String),
    /// The instructions do not fit together.
    #[error("the pickle is damaged: {0}")]
    Damaged(&'static str),
    /// A value of a kind that is not read.
    #[error("{0} cannot be read")]
    Unread(&'static str),
    /// A reference to something that was shown and forgotten.
    #[error("the pickle refers back to a part that was read and forgotten")]
    Forgotten,
    /// More memory is needed than allowed.
    #[error("the pickle needs more than {limit} MB of memory")]
    Memory {
        /// The limit, in millions of bytes.
        limit: usize,
    },
    /// The part was refused by who asked for it.
    #[error("{0}")]
    Refused(String),
}

/// The memory that a pickle read as a whole may take, in bytes.
pub const WHOLE: usize = 700_000_000;

/// Which parts of a pickle are shown and forgotten.
#[derive(Clone, Copy, Debug)]
pub enum Parts<'a> {
    /// Every dictionary that has all keys of one of these lists.
    With(&'a [&'a [&'a str]]),
    /// The items of the outermost dictionary, as many as the pickle sets at once (at most 1,000): the part is a dictionary of these.
    Items,
}
