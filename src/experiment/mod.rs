//! Plan and execution of a spec.
