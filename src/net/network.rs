//! A network of any space.

use super::nb201::Nb201;
use super::{Buffers, Init, NetError, Param, Params, Pass};
use crate::space::{Architecture, Skeleton, SpaceId};
use candle_core::{DType, Device, Tensor};

/// What a network is built as, beside its architecture.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// The macro network.
    pub skeleton: Skeleton,
    /// Type of parameters and activations.
    pub dtype: DType,
    /// Where they live.
    pub device: Device,
}

/// A stand-alone network or supernet of one space.
#[derive(Debug)]
pub enum Network {
    /// NAS-Bench-201.
    Nb201(Nb201),
}

impl Network {
    /// A network with the weights of `architecture` alone.
    pub fn stand_alone(architecture: Architecture, config: &NetConfig, init: Init) -> Result<Self, NetError> {
        let NetConfig { skeleton, dtype, device } = config;
        match architecture {
            Architecture::Nb201(architecture) => {
                Ok(Self::Nb201(Nb201::stand_alone(architecture, *skeleton, init, *dtype, device)?))
            }
        }
    }

    /// A network with the weights of every architecture of `space`.
    pub fn supernet(space: SpaceId, config: &NetConfig, init: Init) -> Result<Self, NetError> {
        let NetConfig { skeleton, dtype, device } = config;
        match space {
            SpaceId::Nb201 => Ok(Self::Nb201(Nb201::supernet(*skeleton, init, *dtype, device)?)),
        }
    }

    /// The macro network.
    pub fn skeleton(&self) -> &Skeleton {
        match self {
            Self::Nb201(network) => network.skeleton(),
        }
    }

    /// All trained tensors, in network order.
    pub fn params(&self) -> &Params {
        match self {
            Self::Nb201(network) => network.params(),
        }
    }

    /// All running statistics, in network order.
    pub fn buffers(&self) -> &Buffers {
        match self {
            Self::Nb201(network) => network.buffers(),
        }
    }

    /// The parameters that `architecture` uses, in network order: those of its stand-alone network, in the same order.
    pub fn active(&self, architecture: Architecture) -> Vec<&Param> {
        match (self, architecture) {
            (Self::Nb201(network), Architecture::Nb201(architecture)) => network.active(architecture),
        }
    }

    /// A stand-alone network of `architecture` of type `dtype`, each parameter a function of this network's.
    pub fn extract(
        &self,
        architecture: Architecture,
        dtype: DType,
        value: impl Fn(&Param) -> candle_core::Result<Tensor>,
    ) -> Result<Self, NetError> {
        match (self, architecture) {
            (Self::Nb201(network), Architecture::Nb201(architecture)) => {
                Ok(Self::Nb201(network.extract(architecture, dtype, value)?))
            }
        }
    }

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]`.
    pub fn forward(
        &self,
        architecture: Architecture,
        images: &Tensor,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor, NetError> {
        match (self, architecture) {
            (Self::Nb201(network), Architecture::Nb201(architecture)) => network.forward(architecture, images, pass),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::reference::Reference;
    use crate::net::{Engine, host_f64};

    fn logits(reference: &Reference, engine: Engine, dtype: DType) -> Vec<f64> {
        let images = reference.images.to_dtype(dtype).unwrap();
        let mut pass = Pass::new(engine).untracked();
        let logits = reference.network(dtype).forward(reference.architecture, &images, &mut pass);
        host_f64(&logits.unwrap()).unwrap()
    }

    fn farthest(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn logits_are_those_of_the_reference() {
        for reference in (0..4).filter_map(Reference::load) {
            let theirs = host_f64(&reference.logits).unwrap();
            let double = logits(&reference, Engine::Kernels, DType::F64);
            // The reference is itself single precision. On the deep chain without a skip its own rounding is above 1e-4: there
            // ours may be as far from double precision as twice theirs.
            let rounding = farthest(&theirs, &double);
            assert!(rounding < 3e-4, "{}: reference and double precision differ by {rounding}", reference.architecture);
            assert_eq!(rounding > 1e-4, reference.is_ill_conditioned(), "{}: {rounding}", reference.architecture);
            for engine in [Engine::Kernels, Engine::Composed] {
                let off = farthest(&logits(&reference, engine, DType::F32), &double);
                let limit = (2.0 * rounding).max(5e-6);
                assert!(off < limit, "{}: {engine:?} in f32 is {off} off double precision", reference.architecture);
            }
        }
    }
}
