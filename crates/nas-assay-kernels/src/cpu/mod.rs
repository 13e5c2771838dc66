//! The CPU engine's kernels: convolution, normalisation, pooling, losses, and one optimiser step, as differentiable Candle
//! operations.
//!
//! All take and give contiguous `[n, c, h, w]` tensors on the CPU (others are copied first), in `f32` or `f64`, and have
//! gradients written by hand. What they promise:
//!
//! - **The same bits everywhere.** Work is cut into pieces of fixed size, whatever the number of threads; every sum has a
//!   fixed order; lanes are eight, with fused multiply-adds, whether the processor has vectors or not ([`Isa`]); exponentials
//!   and logarithms are those of `libm`.
//! - **No gradient that nobody needs.** The convolution at the stem does not differentiate with respect to images.
//! - **No silent second derivative.** Gradients by [`differentiable_backward`] can be differentiated again, once, and so can all
//!   on a thread whose Candle keeps the graph of gradients (`CANDLE_GRAD_DO_NOT_DETACH`, which Candle reads at a thread's first
//!   backward pass, or the first [`batch_norm`] before it). A second backward pass through any other gradient is an error, where
//!   Candle itself would silently leave paths out.
//!
//! A gradient is on Candle's tape, so it is to be detached before it is kept as a constant.

#![allow(unsafe_code)]
#![allow(clippy::inline_always, reason = "a vectorised body must be inlined into the function that has the vectors")]
#![allow(clippy::needless_range_loop, reason = "the loops over lanes run over several arrays at once")]

mod backward;
mod channels;
mod conv;
mod element;
mod elementwise;
mod even_odd;
mod isa;
mod kept_graph;
mod kernel;
mod linear;
mod loss;
mod norm;
#[cfg(test)]
mod oracle_tests;
mod pool;
mod process;
mod reduce;
mod rows;
mod seal;
mod sgd;
mod slice;
mod tape;
#[cfg(test)]
pub(super) mod testing;
mod times_ones;
mod view;
mod wanted;

#[doc(hidden)]
pub use backward::is_of_kernels;
pub use backward::{backward, backward_to, differentiable_backward};
pub use channels::{add_channels, join_channels, place_channels, take_channels};
pub use conv::{Window, conv2d, conv2d_slice};
pub use elementwise::{add, add_all, relu, times_constant};
pub use even_odd::even_and_odd_pixels;
pub use isa::Isa;
pub(super) use kept_graph::candle_keeps_the_graph;
pub use linear::linear;
pub use loss::cross_entropy;
pub use norm::{Moments, batch_norm, batch_norm_fixed};
pub use pool::{avg_pool2d, max_pool2d};
#[cfg(feature = "mimalloc")]
pub use process::keep_freed_memory;
pub use process::{keep_candle_on_its_thread, keep_graphs_of_gradients};
pub use reduce::{abs_dot, dot, global_avg_pool, sum_all, sum_squares};
pub use rows::join_rows;
pub use sgd::{SgdStep, sgd_step};
pub use slice::slice;
pub use times_ones::times_ones;
