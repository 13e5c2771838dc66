//! Batch-norm in its modes.

use crate::net::{Builder, NormMode, Pass};
use candle_core::{Result, Tensor, Var};

/// Added to the variance by every batch-norm.
pub const NORM_EPS: f64 = 1e-5;

/// Batch-norm over the channels, with running statistics.
#[derive(Debug)]
pub struct Norm {
    affine: Option<(Var, Var)>,
    mean: Var,
    var: Var,
}

impl Norm {
    /// Batch-norm of `channels` channels; with `affine`, scale and shift are called `prefix.weight` and `prefix.bias`.
    pub fn new(builder: &mut Builder, prefix: &str, channels: usize, affine: bool) -> Result<Self> {
        let affine = if affine { Some(builder.norm_affine(prefix, channels)?) } else { None };
        let (mean, var) = builder.running_statistics(prefix, channels)?;
        Ok(Self { affine, mean, var })
    }

    /// The normed image.
    pub fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let affine = self.affine.as_ref().map(|(scale, shift)| (pass.value(scale), pass.value(shift)));
        let affine = affine.as_ref().map(|(scale, shift)| (scale, shift));
        match pass.norm {
            NormMode::Identity => Ok(x.clone()),
            NormMode::Running => {
                let running = (&self.mean.as_detached_tensor(), &self.var.as_detached_tensor());
                pass.engine.batch_norm_fixed(x, running, affine, NORM_EPS)
            }
            NormMode::Batch => Ok(pass.engine.batch_norm(x, affine, NORM_EPS)?.0),
            NormMode::BatchUpdating { momentum } => {
                let (y, moments) = pass.engine.batch_norm(x, affine, NORM_EPS)?;
                let count = (x.elem_count() / x.dim(1)?) as f64;
                let unbiased = (&moments.var * (count / (count - 1.0)))?;
                move_towards(&self.mean, &moments.mean, momentum)?;
                move_towards(&self.var, &unbiased, momentum)?;
                Ok(y)
            }
        }
    }
}

/// `running += momentum * (target - running)`.
fn move_towards(running: &Var, target: &Tensor, momentum: f64) -> Result<()> {
    let moved = ((running.as_detached_tensor() * (1.0 - momentum))? + (target * momentum)?)?;
    running.set(&moved)
}
