//! CPU kernels behind Candle custom operations.
