//! The network of `peer.py` on Candle's own operations, to compare the kernels of this project with Candle as well as with `PyTorch`.

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{BatchNorm, ModuleT, Optimizer, SGD, loss::cross_entropy};
use nas_assay::net::Engine;
use nas_assay::space::nb201::Skeleton;

use super::{BATCH, labels, random};

/// ReLU, convolution, batch-norm.
struct ConvNorm {
    weight: Var,
    stride: usize,
    norm: BatchNorm,
}

impl ConvNorm {
    fn new(inputs: usize, outputs: usize, kernel: usize, stride: usize) -> Result<Self> {
        Ok(Self { weight: convolution(inputs, outputs, kernel)?, stride, norm: norm(outputs)? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let padding = self.weight.dims()[2] / 2;
        self.norm.forward_t(&x.relu()?.conv2d(&self.weight, padding, self.stride, 1, 1)?, true)
    }
}

fn convolution(inputs: usize, outputs: usize, kernel: usize) -> Result<Var> {
    Var::from_tensor(&(random("weights", &[outputs, inputs, kernel, kernel])? * 0.3)?)
}

fn norm(channels: usize) -> Result<BatchNorm> {
    let (zeros, ones) =
        (Tensor::zeros(channels, DType::F32, &Device::Cpu)?, Tensor::ones(channels, DType::F32, &Device::Cpu)?);
    BatchNorm::new_no_bias(channels, zeros, ones, 1e-5)
}

/// Edges 0-1 conv3x3, 0-2 conv1x1, 1-2 skip, 0-3 average pool, 1-3 conv3x3, 2-3 conv1x1.
struct Cell([ConvNorm; 4]);

impl Cell {
    fn new(c: usize) -> Result<Self> {
        let conv = |kernel| ConvNorm::new(c, c, kernel, 1);
        Ok(Self([conv(3)?, conv(1)?, conv(3)?, conv(1)?]))
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let [a, b, c, d] = &self.0;
        let one = a.forward(x)?;
        let two = (b.forward(x)? + &one)?;
        // Candle's own pool has no padding. This is the pool of this project, made of Candle's operations.
        let pooled = Engine::Composed.avg_pool2d(x, 3, 1, 1)?;
        (pooled + c.forward(&one)?)? + d.forward(&two)?
    }
}

/// Two convolutions in parallel to a pool and a convolution, with half the size and twice the channels.
struct Reduction {
    first: ConvNorm,
    second: ConvNorm,
    shortcut: Var,
}

impl Reduction {
    fn new(c: usize) -> Result<Self> {
        let (first, second) = (ConvNorm::new(c, 2 * c, 3, 2)?, ConvNorm::new(2 * c, 2 * c, 3, 1)?);
        Ok(Self { first, second, shortcut: convolution(c, 2 * c, 1)? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let shortcut = x.avg_pool2d(2)?.conv2d(&self.shortcut, 0, 1, 1, 1)?;
        self.second.forward(&self.first.forward(x)?)? + shortcut
    }
}

/// The whole network and its data.
pub struct Step {
    stem: (Var, BatchNorm),
    stages: Vec<(Option<Reduction>, Vec<Cell>)>,
    head: BatchNorm,
    classifier: Var,
    optimiser: SGD,
    images: Tensor,
    labels: Tensor,
}

impl Step {
    pub fn new() -> Result<Self> {
        let Skeleton { channels, cells, classes, resolution, .. } = Skeleton::default();
        let stem = (convolution(3, channels, 3)?, norm(channels)?);
        let mut stages: Vec<(Option<Reduction>, Vec<Cell>)> = Vec::new();
        for stage in 0..Skeleton::STAGES {
            let c = channels << stage;
            let reduction = if stage > 0 { Some(Reduction::new(c / 2)?) } else { None };
            stages.push((reduction, (0..cells).map(|_| Cell::new(c)).collect::<Result<_>>()?));
        }
        let last = channels << (Skeleton::STAGES - 1);
        let classifier = Var::from_tensor(&random("classifier", &[last, classes])?)?;
        let mut vars = vec![stem.0.clone(), classifier.clone()];
        for (reduction, cells) in &stages {
            vars.extend(cells.iter().flat_map(|cell| &cell.0).map(|layer| layer.weight.clone()));
            if let Some(Reduction { first, second, shortcut }) = reduction {
                vars.extend([&first.weight, &second.weight, shortcut].map(Var::clone));
            }
        }
        let optimiser = SGD::new(vars, 0.01)?;
        let images = random("images", &[BATCH, 3, resolution, resolution])?;
        Ok(Self { stem, stages, head: norm(last)?, classifier, optimiser, images, labels: labels()? })
    }

    /// Forward, backward, and a step without momentum.
    pub fn run(&mut self) -> Result<()> {
        let mut x = self.stem.1.forward_t(&self.images.conv2d(&self.stem.0, 1, 1, 1, 1)?, true)?;
        for (reduction, cells) in &self.stages {
            if let Some(reduction) = reduction {
                x = reduction.forward(&x)?;
            }
            for cell in cells {
                x = cell.forward(&x)?;
            }
        }
        let features = self.head.forward_t(&x, true)?.relu()?.mean((2, 3))?;
        let loss = cross_entropy(&features.matmul(&self.classifier)?, &self.labels)?;
        self.optimiser.backward_step(&loss)
    }
}
