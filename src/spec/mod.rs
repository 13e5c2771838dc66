//! Experiment specs: types, defaults, canonical JSON, hash.
