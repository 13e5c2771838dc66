//! A network of any space.

use super::nb101::{Nb1Shot1, Nb101};
use super::nb201::Nb201;
use super::nb301::Nb301;
use super::nds::Nds;
use super::{Buffers, Builder, ForwardPass, Init, NetError, Param, Params, Slice, SpaceLayers, WeightsOf};
use candle_core::{DType, Device, Tensor};
use nas_assay_kernels::composed;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::nds::{ResNeXtA, ResNet};
use nas_assay_spaces::{Architecture, Skeleton, SkeletonError, SpaceId, nb101};

/// How a network is built, apart from its architecture.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// The macro network.
    pub skeleton: Skeleton,
    /// Type of parameters and activations.
    pub dtype: DType,
    /// The device of parameters and activations.
    pub device: Device,
}

/// A stand-alone network, which has the weights of one architecture, or a supernet, which has those of every architecture of a space.
#[derive(Debug)]
pub struct Network {
    config: NetConfig,
    /// The architecture of a stand-alone network.
    own: Option<Architecture>,
    layers: Layers,
    params: Params,
    buffers: Buffers,
}

/// The layers of a network of any space.
#[derive(Debug)]
enum Layers {
    /// NAS-Bench-101's own network.
    Nb101(Nb101),
    /// NAS-Bench-1Shot1's network, in which NAS-Bench-101's cells share weights.
    Nb1Shot1(Nb1Shot1),
    Nb201(Nb201),
    Nb301(Nb301),
    NdsResnet(Nds<ResNet>),
    NdsResnextA(Nds<ResNeXtA>),
}

/// Evaluates an expression for the layers of a network and an architecture of the same space. An architecture of another space is an
/// error.
macro_rules! in_its_space {
    ($network:expr, $architecture:expr, ($layers:ident, $own:ident) => $body:expr) => {
        match (&$network.layers, $architecture) {
            (Layers::Nb101($layers), Architecture::Nb101($own)) => Ok($body),
            (Layers::Nb1Shot1($layers), Architecture::Nb101($own)) => Ok($body),
            (Layers::Nb201($layers), Architecture::Nb201($own)) => Ok($body),
            (Layers::Nb301($layers), Architecture::Nb301($own)) => Ok($body),
            (Layers::NdsResnet($layers), Architecture::NdsResnet($own)) => Ok($body),
            (Layers::NdsResnextA($layers), Architecture::NdsResnextA($own)) => Ok($body),
            (_, asked) => Err(NetError::ForeignSpace { network: $network.space().name(), asked: asked.to_string() }),
        }
    };
}

impl Network {
    /// A network with the weights of `architecture` alone.
    ///
    /// # Errors
    /// If the skeleton is of another space, or a tensor cannot be made.
    pub fn stand_alone(architecture: Architecture, config: &NetConfig, init: Init) -> Result<Self, NetError> {
        let mut builder = Builder::new(init, config.dtype, &config.device);
        let layers = match (architecture, &config.skeleton) {
            (Architecture::Nb101(own), Skeleton::Nb101(nb101::Skeleton::StandAlone(skeleton))) => {
                Layers::Nb101(Nb101::new(own, skeleton, &mut builder)?)
            }
            (Architecture::Nb101(own), Skeleton::Nb101(nb101::Skeleton::Supernet(skeleton))) => {
                Layers::Nb1Shot1(Nb1Shot1::new(WeightsOf::One(own), skeleton, &mut builder)?)
            }
            (Architecture::Nb201(own), Skeleton::Nb201(skeleton)) => {
                Layers::Nb201(Nb201::new(WeightsOf::One(own), skeleton, &mut builder)?)
            }
            (Architecture::Nb301(own), Skeleton::Nb301(skeleton)) => {
                Layers::Nb301(Nb301::new(WeightsOf::One(own), skeleton, &mut builder)?)
            }
            (Architecture::NdsResnet(own), Skeleton::Nds(skeleton)) => {
                Layers::NdsResnet(Nds::new(WeightsOf::One(own), skeleton, &mut builder)?)
            }
            (Architecture::NdsResnextA(own), Skeleton::Nds(skeleton)) => {
                Layers::NdsResnextA(Nds::new(WeightsOf::One(own), skeleton, &mut builder)?)
            }
            (architecture, skeleton) => return Err(foreign_skeleton(architecture.space(), skeleton)),
        };
        Ok(Self::new(config, Some(architecture), layers, builder))
    }

    /// A network with the weights of every architecture of `space`; `picker` says which channels of a wide layer a
    /// narrow one has.
    ///
    /// # Errors
    /// If the skeleton is of another space or not a supernet's, or a tensor cannot be made.
    pub fn supernet(space: SpaceId, config: &NetConfig, picker: Picker, init: Init) -> Result<Self, NetError> {
        let mut builder = Builder::new(init, config.dtype, &config.device);
        let layers = match (space, &config.skeleton) {
            (SpaceId::Nb101, Skeleton::Nb101(nb101::Skeleton::Supernet(skeleton))) => {
                Layers::Nb1Shot1(Nb1Shot1::new(WeightsOf::All(picker), skeleton, &mut builder)?)
            }
            (SpaceId::Nb201, Skeleton::Nb201(skeleton)) => {
                Layers::Nb201(Nb201::new(WeightsOf::All(picker), skeleton, &mut builder)?)
            }
            (SpaceId::Nb301, Skeleton::Nb301(skeleton)) => {
                Layers::Nb301(Nb301::new(WeightsOf::All(picker), skeleton, &mut builder)?)
            }
            (SpaceId::NdsResnet, Skeleton::Nds(skeleton)) => {
                Layers::NdsResnet(Nds::new(WeightsOf::All(picker), skeleton, &mut builder)?)
            }
            (SpaceId::NdsResnextA, Skeleton::Nds(skeleton)) => {
                Layers::NdsResnextA(Nds::new(WeightsOf::All(picker), skeleton, &mut builder)?)
            }
            (space, skeleton) => return Err(foreign_skeleton(space, skeleton)),
        };
        Ok(Self::new(config, None, layers, builder))
    }

    fn new(config: &NetConfig, own: Option<Architecture>, layers: Layers, builder: Builder) -> Self {
        let (params, buffers) = builder.finish();
        Self { config: config.clone(), own, layers, params, buffers }
    }

    /// The space whose architectures it runs.
    pub fn space(&self) -> SpaceId {
        match self.layers {
            Layers::Nb101(_) | Layers::Nb1Shot1(_) => SpaceId::Nb101,
            Layers::Nb201(_) => SpaceId::Nb201,
            Layers::Nb301(_) => SpaceId::Nb301,
            Layers::NdsResnet(_) => SpaceId::NdsResnet,
            Layers::NdsResnextA(_) => SpaceId::NdsResnextA,
        }
    }

    /// Whether it has the weights of every architecture of its space.
    pub fn is_supernet(&self) -> bool {
        self.own.is_none()
    }

    /// The macro network.
    pub fn skeleton(&self) -> Skeleton {
        self.config.skeleton
    }

    /// All trained tensors, in network order.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// All running statistics, in network order.
    pub fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// The parameters that `architecture` uses, as a whole or in part, in network order. They correspond to those of its stand-alone
    /// network, in the same order.
    ///
    /// # Errors
    /// If the architecture is of another space.
    pub fn active(&self, architecture: Architecture) -> Result<Vec<&Param>, NetError> {
        let mut active = vec![true; self.params.len()];
        for range in in_its_space!(self, architecture, (layers, own) => layers.unused(own))? {
            active[range].fill(false);
        }
        Ok(self.params.iter().zip(active).filter_map(|(param, active)| active.then_some(param)).collect())
    }

    /// A stand-alone network of `architecture` of type `dtype`, each parameter a function of this network's.
    ///
    /// `value` gets the whole parameter and gives a tensor of its shape. If `architecture` uses a part of the parameter, the new network
    /// gets that part. Running statistics start anew, at mean zero and variance one.
    ///
    /// # Errors
    /// If the network does not have the architecture's weights, or a tensor cannot be made.
    pub fn extract(
        &self,
        architecture: Architecture,
        dtype: DType,
        value: impl Fn(&Param) -> candle_core::Result<Tensor>,
    ) -> Result<Self, NetError> {
        let parts = self.parts(architecture)?;
        let values = parts.iter().map(|(param, slice)| match slice {
            Some(slice) => composed::slice(&value(param)?.detach(), slice),
            None => value(param),
        });
        let copy = Self::stand_alone(architecture, &NetConfig { dtype, ..self.config.clone() }, Init::Zero)?;
        copy.params.set(values)?;
        Ok(copy)
    }

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]`.
    ///
    /// # Errors
    /// If the network does not have the architecture's weights, or an operation fails.
    pub fn forward(
        &self,
        architecture: Architecture,
        images: &Tensor,
        pass: &mut ForwardPass<'_>,
    ) -> Result<Tensor, NetError> {
        in_its_space!(self, architecture, (layers, own) => {
            self.check(architecture)?;
            layers.forward(own, images, pass)?
        })
    }

    /// The parameters that `architecture` uses, in network order, each with the part that is used; `None` for all of it.
    ///
    /// # Errors
    /// If the network does not have the architecture's weights, or they cannot be read.
    pub(crate) fn parts(&self, architecture: Architecture) -> Result<Vec<(&Param, Option<Slice>)>, NetError> {
        let slices = in_its_space!(self, architecture, (layers, own) => {
            self.check(architecture)?;
            layers.slices(own)?
        })?;
        let active = self.active(architecture)?;
        let slices = slices.map_or(vec![None; active.len()], |slices| slices.into_iter().map(Some).collect());
        Ok(active.into_iter().zip(slices).collect())
    }

    /// An error if the network does not have the weights of an architecture of its space.
    fn check(&self, asked: Architecture) -> Result<(), NetError> {
        match self.own {
            Some(own) if own != asked => {
                Err(NetError::ForeignArchitecture { own: own.to_string(), asked: asked.to_string() })
            }
            _ => Ok(()),
        }
    }
}

fn foreign_skeleton(space: SpaceId, skeleton: &Skeleton) -> NetError {
    if !space.has_network() {
        return NetError::Skeleton(SkeletonError::NoNetwork { space });
    }
    NetError::Skeleton(SkeletonError::Foreign { architecture: space.name(), skeleton: skeleton.space() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::pytorch_reference::Reference;
    use crate::net::{Engine, host_f64};

    fn logits(reference: &Reference, engine: Engine, dtype: DType) -> Vec<f64> {
        let images = reference.images.to_dtype(dtype).unwrap();
        let mut pass = ForwardPass::new(engine).untracked();
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
            // The reference has single precision itself. On the deep chain without a skip its own rounding error is above 1e-4. Our
            // error may be twice as large as that of the reference.
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
