//! What a network is, as JSON that other programs can read.

use nas_assay_spaces::{Architecture, ArchitectureError, Form, Skeleton, SkeletonError, SpaceId, nb101};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::net::Params;

/// The first field of a description. The number rises when a reader of the old form would go wrong.
const FORMAT: &str = "nas-assay network 1";

/// Everything that is needed to build the network of an architecture, apart from its weights.
///
/// ```
/// use nas_assay_nets::exchange::NetworkDescription;
/// use nas_assay_spaces::SpaceId;
///
/// let text = r#"{
///     "format": "nas-assay network 1",
///     "space": "nds_resnet",
///     "architecture": "d1,2,1 w16,64,256",
///     "form": "stand-alone",
///     "skeleton": {"stem": 16, "stem_stride": 1, "width_divisor": 4, "classes": 10, "resolution": 16,
///                  "block_affine": true, "projection": "where-shape-changes"}
/// }"#;
/// let description = NetworkDescription::parse(text)?;
/// assert_eq!(description.architecture.space(), SpaceId::NdsResnet);
/// assert_eq!(NetworkDescription::parse(&description.json(None).to_string())?, description);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkDescription {
    /// The architecture.
    pub architecture: Architecture,
    /// Whether it is the network that the benchmark trains, or the part of a supernet.
    pub form: Form,
    /// The network around the architecture.
    pub skeleton: Skeleton,
}

/// The name and the shape of a tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorShape {
    /// Dotted path of the tensor inside its network.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// A text is not a description of a network.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// It is not JSON, or lacks a field.
    #[error("the description of the network is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another format.
    #[error(
        "the description of the network has the format {}, and this program reads {FORMAT:?}",
        nas_assay_base::text::excerpt(found)
    )]
    Format {
        /// The format that it names.
        found: String,
    },
    /// The sizes are not those of a network of the space.
    #[error("the description of the network: skeleton: {0}")]
    Skeleton(serde_json::Error),
    /// A size is out of range, or the space has no networks.
    #[error("the description of the network: {0}")]
    Size(#[from] SkeletonError),
    /// The text of the architecture is not one of the space.
    #[error("the description of the network: {0}")]
    Architecture(#[from] ArchitectureError),
}

/// The fields of the JSON object. A reader passes over fields that it does not know.
#[derive(Serialize, Deserialize)]
struct Text {
    format: String,
    space: SpaceId,
    architecture: String,
    form: Form,
    skeleton: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tensors: Vec<TensorShape>,
}

impl NetworkDescription {
    /// Reads a description.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, DescriptionError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
        }
        let Head { format } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(DescriptionError::Format { found: format });
        }
        let Text { space, architecture, form, skeleton, .. } = serde_json::from_str(text)?;
        let architecture = Architecture::parse(space, &architecture)?;
        let skeleton = sizes(space, form, &skeleton)?;
        skeleton.validate()?;
        Ok(Self { architecture, form, skeleton })
    }

    /// The description as a JSON object, with the names and shapes of `tensors` in network order if they are given.
    pub fn json(&self, tensors: Option<&Params>) -> Value {
        let Self { architecture, form, skeleton } = *self;
        let shape = |(name, tensor): (&str, candle_core::Tensor)| TensorShape {
            name: name.to_owned(),
            shape: tensor.dims().to_vec(),
        };
        let text = Text {
            format: FORMAT.to_owned(),
            space: architecture.space(),
            architecture: architecture.to_string(),
            form,
            skeleton: value(&skeleton),
            tensors: tensors.map(|params| params.named().map(shape).collect()).unwrap_or_default(),
        };
        serde_json::to_value(text).unwrap_or_default()
    }
}

/// The sizes as an object. Sizes are numbers, flags and names, which JSON always has room for.
fn value(skeleton: &Skeleton) -> Value {
    match skeleton {
        Skeleton::Nb101(nb101::Skeleton::StandAlone(sizes)) => serde_json::to_value(sizes),
        Skeleton::Nb101(nb101::Skeleton::Supernet(sizes)) => serde_json::to_value(sizes),
        Skeleton::Nb201(sizes) => serde_json::to_value(sizes),
        Skeleton::Nb301(sizes) => serde_json::to_value(sizes),
        Skeleton::Nds(sizes) => serde_json::to_value(sizes),
        Skeleton::Table(_) => Ok(Value::Null),
    }
    .unwrap_or_default()
}

/// The sizes of a network of the space and the form. All of them have to be there: a size that another program left out is not the paper's.
fn sizes(space: SpaceId, form: Form, given: &Value) -> Result<Skeleton, DescriptionError> {
    fn of<T: DeserializeOwned + Serialize + Into<Skeleton>>(given: &Value) -> Result<Skeleton, serde_json::Error> {
        let read: T = serde_json::from_value(given.clone())?;
        let whole = serde_json::to_value(&read)?;
        let missing = whole.as_object().and_then(|whole| whole.keys().find(|key| given.get(key).is_none()));
        match missing {
            Some(key) => Err(serde::de::Error::custom(format!("missing field `{key}`"))),
            None => Ok(read.into()),
        }
    }
    #[derive(Serialize, Deserialize)]
    struct Alone(nb101::StandAlone);
    #[derive(Serialize, Deserialize)]
    struct Shared(nb101::Supernet);
    impl From<Alone> for Skeleton {
        fn from(sizes: Alone) -> Self {
            nb101::Skeleton::StandAlone(sizes.0).into()
        }
    }
    impl From<Shared> for Skeleton {
        fn from(sizes: Shared) -> Self {
            nb101::Skeleton::Supernet(sizes.0).into()
        }
    }
    let read = match (space, form) {
        (SpaceId::Nb101, Form::StandAlone) => of::<Alone>(given),
        (SpaceId::Nb101, Form::Supernet) => of::<Shared>(given),
        (SpaceId::Nb201, _) => of::<nas_assay_spaces::nb201::Skeleton>(given),
        (SpaceId::Nb301, _) => of::<nas_assay_spaces::nb301::Skeleton>(given),
        (SpaceId::NdsResnet | SpaceId::NdsResnextA, _) => of::<nas_assay_spaces::nds::Skeleton>(given),
        (SpaceId::Table(_), _) => return Err(SkeletonError::NoNetwork { space }.into()),
    };
    read.map_err(DescriptionError::Skeleton)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use nas_assay_schema::spec::Network;
    use proptest::prelude::*;

    fn any(space: SpaceId, form: Form, seed: u64) -> NetworkDescription {
        let architecture = space.sample(&mut Seed::root(seed).stream());
        NetworkDescription { architecture, form, skeleton: Network::default().skeleton(space, form, 32) }
    }

    proptest! {
        #[test]
        fn a_description_is_read_as_it_was_written(
            space in prop::sample::select(SpaceId::ALL.to_vec()), alone: bool, seed: u64,
        ) {
            let description = any(space, if alone { Form::StandAlone } else { Form::Supernet }, seed);
            let json = description.json(None);
            prop_assert_eq!(NetworkDescription::parse(&json.to_string()).unwrap(), description);
            // Every size has to be there.
            for key in json["skeleton"].as_object().unwrap().keys() {
                let mut less = json.clone();
                less["skeleton"].as_object_mut().unwrap().remove(key);
                let said = NetworkDescription::parse(&less.to_string()).unwrap_err().to_string();
                prop_assert!(said.contains(&format!("missing field `{key}`")), "{said}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let json = any(SpaceId::Nb201, Form::StandAlone, 1).json(None);
        let said = |change: &dyn Fn(&mut Value)| {
            let mut changed = json.clone();
            change(&mut changed);
            NetworkDescription::parse(&changed.to_string()).unwrap_err().to_string()
        };
        for (change, words) in [
            (
                &(|json: &mut Value| json["format"] = "nas-assay network 2".into()) as &dyn Fn(&mut Value),
                "reads \"nas-assay network 1\"",
            ),
            (&|json| json["space"] = "nb202".into(), "nb202"),
            (&|json| json["space"] = "nb301".into(), "the description of the network"),
            (&|json| json["space"] = "nats_sss".into(), "the description of the network"),
            (&|json| json["architecture"] = "|none~0|".into(), "the description of the network"),
            (&|json| json["form"] = "alone".into(), "unknown variant `alone`"),
            (&|json| json["skeleton"]["channels"] = 0.into(), "channels is 0"),
            (&|json| json["skeleton"]["chanels"] = 0.into(), "unknown field `chanels`"),
            (&|json| json["skeleton"] = Value::Null, "skeleton"),
        ] {
            let said = said(change);
            assert!(said.contains(words), "{said}");
        }
        assert!(NetworkDescription::parse("{").is_err());
    }
}
