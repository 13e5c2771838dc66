//! The bytes of exchange files.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use nas_assay_base::files::WriteError;
use nas_assay_spaces::{Architecture, Form};

use super::{IMAGES, LABELS, LOGITS, METADATA, NetworkDescription};
use crate::images::Batch;
use crate::net::{NetError, Network, Param};

/// An exchange file could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The network does not have the architecture's weights, or a tensor cannot be read.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The tensors cannot be put into a file.
    #[error("failed to make the file {}: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<candle_core::Error> for ExchangeError {
    fn from(error: candle_core::Error) -> Self {
        Self::Net(error.into())
    }
}

/// The description of an architecture's network, and the bytes of its exchange file. `network` may have the weights of the architecture
/// alone or be a supernet. `path` is the name of the file in errors.
///
/// # Errors
/// [`ExchangeError::Net`] if the network does not have the architecture's weights or they cannot be read, [`ExchangeError::Format`] if
/// the tensors do not fit into the format.
pub fn serialize(
    path: &Path,
    architecture: Architecture,
    form: Form,
    network: &Network,
    batch: &Batch,
    logits: Option<&Tensor>,
) -> Result<(NetworkDescription, Vec<u8>), ExchangeError> {
    let own;
    let network = if network.is_supernet() {
        let dtype = batch.images.dtype();
        own = network.extract(architecture, dtype, |param: &Param| Ok(param.var.as_detached_tensor()))?;
        &own
    } else {
        network
    };
    let description = NetworkDescription { architecture, form, skeleton: network.skeleton() };
    let on_host = |tensor: &Tensor| tensor.to_device(&Device::Cpu)?.contiguous();
    let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
    for (name, tensor) in network.params().named() {
        tensors.insert(name.to_owned(), on_host(&tensor)?);
    }
    tensors.insert(IMAGES.to_owned(), on_host(&batch.images)?);
    tensors.insert(LABELS.to_owned(), on_host(&batch.labels.to_dtype(DType::I64)?)?);
    if let Some(logits) = logits {
        tensors.insert(LOGITS.to_owned(), on_host(logits)?);
    }
    let text = description.json(Some(network.params())).to_string();
    let metadata = HashMap::from([(METADATA.to_owned(), text)]);
    let failed = |error: safetensors::SafeTensorError| ExchangeError::Format {
        path: path.to_owned(),
        problem: error.to_string(),
    };
    let bytes = safetensors::serialize(&tensors, Some(metadata)).map_err(failed)?;
    Ok((description, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{Noise, Normalisation};
    use crate::net::{Engine, ForwardPass, Init, NetConfig, host_f64};
    use nas_assay_base::seed::Seed;
    use nas_assay_schema::spec::{Network as Sizes, Picker};
    use nas_assay_spaces::SpaceId;

    fn sizes(space: SpaceId) -> Sizes {
        match space {
            SpaceId::Nb101 | SpaceId::Nb201 => Sizes { channels: Some(4), cells: Some(1), ..Sizes::default() },
            SpaceId::Nb301 => Sizes { channels: Some(4), layers: Some(3), ..Sizes::default() },
            _ => Sizes { width_divisor: Some(4), ..Sizes::default() },
        }
    }

    fn batch() -> Batch {
        Noise::Gaussian.batch(&Seed::root(5), (3, 8), 10, Normalisation::CIFAR10, DType::F32, &Device::Cpu).unwrap()
    }

    /// The file of a part of a supernet builds the network which gives the supernet's own logits.
    #[test]
    fn a_file_builds_the_network_that_it_was_made_of() {
        for (space, form) in
            SpaceId::ALL.into_iter().flat_map(|space| [(space, Form::StandAlone), (space, Form::Supernet)])
        {
            let architecture = space.sample(&mut Seed::root(2).child(space.name()).stream());
            let skeleton = sizes(space).skeleton(space, form, 8);
            let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
            let init = Init::Seeded(Seed::root(3));
            let network = match form {
                Form::StandAlone => Network::stand_alone(architecture, &config, init).unwrap(),
                Form::Supernet => Network::supernet(space, &config, Picker::L1, init).unwrap(),
            };
            let run = |network: &Network| {
                let mut pass = ForwardPass::new(Engine::Kernels).untracked();
                network.forward(architecture, &batch().images, &mut pass).unwrap()
            };
            let logits = run(&network);
            let path = Path::new("a.safetensors");
            let (description, bytes) = serialize(path, architecture, form, &network, &batch(), Some(&logits)).unwrap();
            let again = serialize(path, architecture, form, &network, &batch(), Some(&logits)).unwrap();
            assert_eq!((description, &bytes), (again.0, &again.1), "the same content, the same bytes");

            let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
            let text = &header.metadata().as_ref().unwrap()[METADATA];
            let read = NetworkDescription::parse(text).unwrap();
            assert_eq!(read, description);
            let mut held: BTreeMap<String, Tensor> =
                candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap().into_iter().collect();
            let [images, labels, outputs] = [IMAGES, LABELS, LOGITS].map(|name| held.remove(name).unwrap());
            assert_eq!((images.dims(), labels.dtype(), outputs.dims()), (&[3, 3, 8, 8][..], DType::I64, &[3, 10][..]));
            let config = NetConfig { skeleton: read.skeleton, ..config };
            let rebuilt = Network::stand_alone(read.architecture, &config, Init::Zero).unwrap();
            rebuilt.params().load(&held).unwrap();
            assert_eq!(host_f64(&run(&rebuilt)).unwrap(), host_f64(&logits).unwrap(), "{space}, {}", form.name());
            let listed: serde_json::Value = serde_json::from_str(text).unwrap();
            let listed: Vec<&str> =
                listed["tensors"].as_array().unwrap().iter().map(|tensor| tensor["name"].as_str().unwrap()).collect();
            assert_eq!(listed, rebuilt.params().names().collect::<Vec<_>>());
        }
    }
}
