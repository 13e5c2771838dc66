//! The kernels: convolution, normalisation, pooling, losses and a step of SGD, as differentiable Candle operations.
//!
//! They take tensors in `f32` or `f64`, images as `[n, c, h, w]`; a tensor that is not contiguous is copied first. Their gradients are
//! written by hand. What a kernel computes and how it is differentiated is said here once, and how a CPU computes it; with the feature
//! `cuda`, [`gpu`](crate::gpu) has the computations of a GPU, and all tensors of a call may lie there. On a CPU they guarantee:
//!
//! - **The same bits everywhere.** Work is cut into pieces of fixed size, whatever the number of threads. Every sum has a fixed order: it
//!   runs over eight lanes with fused multiply-adds, whether the processor has vectors or not ([`Isa`]). Exponentials and logarithms come
//!   from `libm`.
//! - **No needless gradients.** The convolution at the stem, for example, does not compute the gradient by the images.
//! - **No wrong second derivatives.** Gradients by [`differentiable_backward`] can be differentiated once more. So can all gradients on a
//!   thread where Candle keeps the graph of gradients (`CANDLE_GRAD_DO_NOT_DETACH`; Candle reads it at the first backward pass of a thread,
//!   and [`batch_norm`] makes one if there was none). A second backward pass through any other gradient is an error. Candle itself would
//!   drop a part of it without an error.
//!
//! A gradient is recorded by Candle. Detach it before you keep it as a constant.

#![allow(unsafe_code, reason = "vector instructions, buffers without zeros, and the environment of the process")]
#![allow(clippy::inline_always, reason = "a vectorised body must be inlined into the function that has the vectors")]
#![allow(clippy::needless_range_loop, reason = "the loops over lanes run over several arrays at once")]

mod backward;
pub(crate) mod channels;
pub(crate) mod conv;
mod element;
pub(crate) mod elementwise;
pub(crate) mod even_odd;
mod isa;
mod kept_graph;
mod kernel;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod norm;
#[cfg(test)]
mod oracle_tests;
pub(crate) mod pool;
mod process;
pub(crate) mod reduce;
pub(crate) mod rows;
pub(crate) mod seal;
mod sgd;
pub(crate) mod slice;
mod tape;
#[cfg(test)]
pub(super) mod testing;
pub(crate) mod times_ones;
pub(crate) mod view;
mod wanted;

#[doc(hidden)]
pub use backward::is_of_kernels;
pub use backward::{backward, backward_to, differentiable_backward};
pub use channels::{add_channels, join_channels, place_channels, take_channels};
pub use conv::{Window, conv2d, conv2d_of_relu, conv2d_slice, conv2d_slice_of_relu};
pub use elementwise::{add, add_all, relu, times_constant};
pub use even_odd::even_and_odd_pixels;
pub use isa::{Isa, IsaError};
pub(super) use kept_graph::candle_keeps_the_graph;
pub use linear::linear;
pub use loss::cross_entropy;
pub use norm::{Moments, Running, batch_norm, batch_norm_fixed, batch_norm_relu, batch_norm_tracked};
pub use pool::{avg_pool2d, halving_max_pool2d, max_pool2d};
pub use process::{keep_candle_on_its_thread, keep_graphs_of_gradients};
#[cfg(feature = "mimalloc")]
pub use process::{keep_freed_memory, return_freed_memory};
pub use reduce::{abs_dot, dot, global_avg_pool, sum_all, sum_squares};
pub use rows::join_rows;
pub use sgd::{SgdStep, sgd_step};
pub use slice::slice;
pub use times_ones::times_ones;
