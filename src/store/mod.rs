//! Content-addressed records on disk.
