//! One module for each source: it reads the official files and makes tables of the data root.

pub mod authors;
pub mod cifar;
pub mod freerea;
pub mod hardware;
pub mod imagenet16;
pub mod nb101;
pub mod nb201;
pub mod nb301;
pub mod nds;
pub mod sss;
pub mod suite_zero;
pub mod tnb101;
