//! The counts of a network of any space.

use serde::{Deserialize, Serialize};

/// Parameters, FLOPs, convolutions and `ReLU`s of a network, counted without building it.
///
/// FLOPs and `ReLU`s are those of one forward pass of one image. `flops` is the number of multiply-accumulates of the convolutions and the
/// linear layer, as in most papers; pooling, batch-norm, `ReLU` and additions count nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Census {
    /// Trainable parameters: the sum of the next four fields.
    pub params: u64,
    /// Weights of the convolutions. (No convolution has a bias.)
    pub conv_weights: u64,
    /// Weights of the linear layer.
    pub linear_weights: u64,
    /// Biases of the linear layer.
    pub linear_biases: u64,
    /// Trainable scales and shifts of the batch-norms.
    pub norm_params: u64,
    /// Multiply-accumulates of the convolutions and the linear layer, per image.
    pub flops: u64,
    /// Number of convolutions executed.
    pub conv_calls: u64,
    /// Number of output elements of the convolutions, per image: what the design spaces call activations.
    pub conv_elements: u64,
    /// Number of `ReLU`s executed.
    pub relu_calls: u64,
    /// Number of elements that pass through a `ReLU`, per image.
    pub relu_elements: u64,
}

impl Census {
    /// Adds a convolution without bias: `[inputs, side', side'] -> [outputs, side, side]`, square kernel.
    pub(crate) const fn conv(&mut self, inputs: usize, outputs: usize, kernel: usize, side: usize) {
        let weights = (inputs * outputs * kernel * kernel) as u64;
        self.params += weights;
        self.conv_weights += weights;
        self.flops += weights * (side * side) as u64;
        self.conv_calls += 1;
        self.conv_elements += (outputs * side * side) as u64;
    }

    /// Adds a batch-norm with trained scale and shift.
    pub(crate) const fn affine_norm(&mut self, channels: usize) {
        self.params += 2 * channels as u64;
        self.norm_params += 2 * channels as u64;
    }

    /// Adds a `ReLU` on `[channels, side, side]`.
    pub(crate) const fn relu(&mut self, channels: usize, side: usize) {
        self.relu_calls += 1;
        self.relu_elements += (channels * side * side) as u64;
    }

    /// Adds a linear layer with bias.
    pub(crate) const fn linear(&mut self, inputs: usize, outputs: usize) {
        let weights = (inputs * outputs) as u64;
        self.params += weights + outputs as u64;
        self.linear_weights += weights;
        self.linear_biases += outputs as u64;
        self.flops += weights;
    }
}
