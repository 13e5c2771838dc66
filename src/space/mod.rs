//! Architectures as pure data: parsing, sampling, enumeration, mutation, canonical forms, census.
