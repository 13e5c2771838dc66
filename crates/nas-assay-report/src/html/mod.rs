//! The report as a page: the template and what fills it in.

mod charts;
mod drawings;
mod page;
mod panel;
mod section;
mod sections;
mod svg;
pub(crate) mod template;

pub use page::html;
