//! The report as an HTML page.
//!
//! [`page`](mod@page) fills in the template, [`panel`] makes the part of a panel, [`sections`] the analyses in it. [`charts`] draws
//! numbers and [`drawings`] draws architectures, both as SVG text.

pub(crate) mod charts;
mod drawings;
mod page;
mod panel;
pub(crate) mod section;
mod sections;
mod svg;
pub(crate) mod template;

pub use page::html;
