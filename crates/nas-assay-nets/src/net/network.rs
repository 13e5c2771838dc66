//! A network of any space.

use super::nb101::{Nb1Shot1, Nb101};
use super::nb201::Nb201;
use super::nb301::Nb301;
use super::nds::Nds;
use super::{Buffers, Init, NetError, Param, Params, Pass};
use candle_core::{DType, Device, Tensor};
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::nds::{ResNeXtA, ResNet};
use nas_assay_spaces::{Architecture, Skeleton, SkeletonError, SpaceId, nb101};

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
    /// NAS-Bench-101's own.
    Nb101(Nb101),
    /// NAS-Bench-1Shot1's: what NAS-Bench-101's cells share weights in.
    Nb1Shot1(Nb1Shot1),
    /// NAS-Bench-201.
    Nb201(Nb201),
    /// NAS-Bench-301.
    Nb301(Nb301),
    /// NDS `ResNet`.
    NdsResnet(Nds<ResNet>),
    /// NDS `ResNeXt-A`.
    NdsResnextA(Nds<ResNeXtA>),
}

/// The same expression for a network of whichever space.
macro_rules! each {
    ($network:expr, $inner:ident => $body:expr) => {
        match $network {
            Network::Nb101($inner) => $body,
            Network::Nb1Shot1($inner) => $body,
            Network::Nb201($inner) => $body,
            Network::Nb301($inner) => $body,
            Network::NdsResnet($inner) => $body,
            Network::NdsResnextA($inner) => $body,
        }
    };
}

/// The same expression for a network and an architecture of its space; an error for one of another.
macro_rules! matching {
    ($network:expr, $architecture:expr, ($inner:ident, $own:ident) => $body:expr) => {
        match ($network, $architecture) {
            (Network::Nb101($inner), Architecture::Nb101($own)) => $body,
            (Network::Nb1Shot1($inner), Architecture::Nb101($own)) => $body,
            (Network::Nb201($inner), Architecture::Nb201($own)) => $body,
            (Network::Nb301($inner), Architecture::Nb301($own)) => $body,
            (Network::NdsResnet($inner), Architecture::NdsResnet($own)) => $body,
            (Network::NdsResnextA($inner), Architecture::NdsResnextA($own)) => $body,
            (network, architecture) => Err(network.foreign(architecture)),
        }
    };
}

impl Network {
    /// A network with the weights of `architecture` alone.
    ///
    /// # Errors
    /// If the skeleton is of another space, or a tensor cannot be made.
    pub fn stand_alone(architecture: Architecture, config: &NetConfig, init: Init) -> Result<Self, NetError> {
        let NetConfig { skeleton, dtype, device } = config;
        match (architecture, *skeleton) {
            (Architecture::Nb101(architecture), Skeleton::Nb101(nb101::Skeleton::StandAlone(skeleton))) => {
                Ok(Self::Nb101(Nb101::stand_alone(architecture, skeleton, init, *dtype, device)?))
            }
            (Architecture::Nb101(architecture), Skeleton::Nb101(nb101::Skeleton::Supernet(skeleton))) => {
                Ok(Self::Nb1Shot1(Nb1Shot1::stand_alone(architecture, skeleton, init, *dtype, device)?))
            }
            (Architecture::Nb201(architecture), Skeleton::Nb201(skeleton)) => {
                Ok(Self::Nb201(Nb201::stand_alone(architecture, skeleton, init, *dtype, device)?))
            }
            (Architecture::Nb301(architecture), Skeleton::Nb301(skeleton)) => {
                Ok(Self::Nb301(Nb301::stand_alone(architecture, skeleton, init, *dtype, device)?))
            }
            (Architecture::NdsResnet(architecture), Skeleton::Nds(skeleton)) => {
                Ok(Self::NdsResnet(Nds::stand_alone(architecture, skeleton, init, *dtype, device)?))
            }
            (Architecture::NdsResnextA(architecture), Skeleton::Nds(skeleton)) => {
                Ok(Self::NdsResnextA(Nds::stand_alone(architecture, skeleton, init, *dtype, device)?))
            }
            (architecture, skeleton) => Err(foreign_skeleton(architecture.space(), &skeleton)),
        }
    }

    /// A network with the weights of every architecture of `space`; `picker` says how a narrow layer is read out of a wide one.
    ///
    /// # Errors
    /// If the skeleton is of another space or not a supernet's, or a tensor cannot be made.
    pub fn supernet(space: SpaceId, config: &NetConfig, picker: Picker, init: Init) -> Result<Self, NetError> {
        let NetConfig { skeleton, dtype, device } = config;
        match (space, *skeleton) {
            (SpaceId::Nb101, Skeleton::Nb101(nb101::Skeleton::Supernet(skeleton))) => {
                Ok(Self::Nb1Shot1(Nb1Shot1::supernet(skeleton, init, *dtype, device)?))
            }
            (SpaceId::Nb201, Skeleton::Nb201(skeleton)) => {
                Ok(Self::Nb201(Nb201::supernet(skeleton, init, *dtype, device)?))
            }
            (SpaceId::Nb301, Skeleton::Nb301(skeleton)) => {
                Ok(Self::Nb301(Nb301::supernet(skeleton, init, *dtype, device)?))
            }
            (SpaceId::NdsResnet, Skeleton::Nds(skeleton)) => {
                Ok(Self::NdsResnet(Nds::supernet(skeleton, picker, init, *dtype, device)?))
            }
            (SpaceId::NdsResnextA, Skeleton::Nds(skeleton)) => {
                Ok(Self::NdsResnextA(Nds::supernet(skeleton, picker, init, *dtype, device)?))
            }
            (space, skeleton) => Err(foreign_skeleton(space, &skeleton)),
        }
    }

    /// The space whose architectures it runs.
    pub fn space(&self) -> SpaceId {
        match self {
            Self::Nb101(_) | Self::Nb1Shot1(_) => SpaceId::Nb101,
            Self::Nb201(_) => SpaceId::Nb201,
            Self::Nb301(_) => SpaceId::Nb301,
            Self::NdsResnet(_) => SpaceId::NdsResnet,
            Self::NdsResnextA(_) => SpaceId::NdsResnextA,
        }
    }

    /// The macro network.
    pub fn skeleton(&self) -> Skeleton {
        match self {
            Self::Nb101(network) => nb101::Skeleton::StandAlone(*network.skeleton()).into(),
            Self::Nb1Shot1(network) => nb101::Skeleton::Supernet(*network.skeleton()).into(),
            Self::Nb201(network) => (*network.skeleton()).into(),
            Self::Nb301(network) => (*network.skeleton()).into(),
            Self::NdsResnet(network) => (*network.skeleton()).into(),
            Self::NdsResnextA(network) => (*network.skeleton()).into(),
        }
    }

    /// All trained tensors, in network order.
    pub fn params(&self) -> &Params {
        each!(self, network => network.params())
    }

    /// All running statistics, in network order.
    pub fn buffers(&self) -> &Buffers {
        each!(self, network => network.buffers())
    }

    /// The parameters that `architecture` uses, in network order: those of its stand-alone network, in the same order.
    ///
    /// # Errors
    /// If the architecture is of another space.
    pub fn active(&self, architecture: Architecture) -> Result<Vec<&Param>, NetError> {
        matching!(self, architecture, (network, own) => Ok(network.active(own)))
    }

    /// A stand-alone network of `architecture` of type `dtype`, each parameter a function of this network's.
    ///
    /// # Errors
    /// If the network has not the architecture's weights, or a tensor cannot be made.
    pub fn extract(
        &self,
        architecture: Architecture,
        dtype: DType,
        value: impl Fn(&Param) -> candle_core::Result<Tensor>,
    ) -> Result<Self, NetError> {
        match (self, architecture) {
            (Self::Nb101(network), Architecture::Nb101(own)) => Ok(Self::Nb101(network.extract(own, dtype, value)?)),
            (Self::Nb1Shot1(network), Architecture::Nb101(own)) => {
                Ok(Self::Nb1Shot1(network.extract(own, dtype, value)?))
            }
            (Self::Nb301(network), Architecture::Nb301(own)) => Ok(Self::Nb301(network.extract(own, dtype, value)?)),
            (Self::NdsResnet(network), Architecture::NdsResnet(own)) => {
                Ok(Self::NdsResnet(network.extract(own, dtype, value)?))
            }
            (Self::NdsResnextA(network), Architecture::NdsResnextA(own)) => {
                Ok(Self::NdsResnextA(network.extract(own, dtype, value)?))
            }
            (Self::Nb201(network), Architecture::Nb201(own)) => Ok(Self::Nb201(network.extract(own, dtype, value)?)),
            (network, architecture) => Err(network.foreign(architecture)),
        }
    }

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]`.
    ///
    /// # Errors
    /// If the network has not the architecture's weights, or an operation fails.
    pub fn forward(
        &self,
        architecture: Architecture,
        images: &Tensor,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor, NetError> {
        matching!(self, architecture, (network, own) => network.forward(own, images, pass))
    }

    fn foreign(&self, architecture: Architecture) -> NetError {
        NetError::ForeignSpace { network: self.space().name(), asked: architecture.to_string() }
    }
}

fn foreign_skeleton(space: SpaceId, skeleton: &Skeleton) -> NetError {
    NetError::Skeleton(SkeletonError::Foreign { architecture: space.name(), skeleton: skeleton.space() })
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
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn logits_are_those_of_the_reference() {
        for reference in (0..4).map(Reference::load) {
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
