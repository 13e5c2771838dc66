//! Estimators, their registry, and the probe.
