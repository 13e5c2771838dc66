//! Inputs to start from.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use nas_assay::experiment::carried_specs;
use nas_assay::net::{Init, NetConfig, Network};
use nas_assay::seed::Seed;
use nas_assay::space::nb201::Skeleton;
use nas_assay::space::{Architecture, SpaceId};
use nas_assay::store::survey::Kind;
use nas_assay::{Store, Suite, carried};

use crate::{ARCHITECTURE, SPEC, folder, official, run, small};

/// What can go wrong.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

struct Folder(PathBuf);

impl Folder {
    fn put(&self, target: &str, name: &str, content: impl AsRef<[u8]>) -> Outcome<()> {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name), content)?)
    }
}

/// Writes inputs to start from: in `folder`, a folder for each target.
///
/// # Errors
/// If a file cannot be written or an input cannot be made.
pub fn write(folder: &Path) -> Outcome<()> {
    let root = Folder(folder.to_owned());
    for (name, text) in carried::SPECS {
        root.put("specs", name, text)?;
    }
    root.put("specs", "counts", SPEC)?;
    assert!(!carried_specs()?.is_empty());
    for space in SpaceId::ALL {
        let table = carried::truth(&format!("{space}-micro"))?;
        root.put("specs", &format!("{space}-recipe"), toml::to_string(&table.recipe)?)?;
        let mut lines = "architecture,score\n".to_owned();
        for row in table.rows.iter().take(4) {
            let text = row.architecture.to_string();
            root.put("architectures", &format!("{space}-{}", nas_assay::digest::sha256_hex(text.as_bytes())), &text)?;
            lines.extend(["\"", &text, "\",", &row.mean().to_string(), "\n"]);
        }
        root.put("scores", &space.to_string(), &lines)?;
        let rows: Vec<_> = table.rows.into_iter().take(4).collect();
        let text = nas_assay::truth::trained::render(&table.recipe.seeds, &rows)?;
        root.put("truth", &space.to_string(), text)?;
    }
    records(&root)?;
    weights(&root)?;
    for (target, name, content) in official::all() {
        root.put(target, name, content)?;
    }
    for (target, name, content) in small::all() {
        root.put(target, &name, content)?;
    }
    let image = |label: u8| std::iter::once(label).chain((0..3072).map(move |place| (place % 251) as u8 ^ label));
    for (name, text) in SWEEPS {
        root.put("sweeps", name, text)?;
    }
    root.put("sweeps", "pickle", b"3\x80\x04}(X\x01\0\0\0aG?\xf8\0\0\0\0\0\0u.")?;
    root.put("images", "two", image(3).chain(image(9)).collect::<Vec<u8>>())?;
    Ok(())
}

/// Official files, after a character that says which.
const SWEEPS: [(&str, &str); 6] = [
    (
        "resnet",
        "0[{\"params\": 1, \"flops\": 2, \"min_test_top1\": 5.25, \"loss\": [NaN, -Infinity], \"net\": {\"block_type\": \"res_basic_block\", \"ds\": [1, 1, 2, 4], \"ws\": [16, 16, 32, 64]}}]",
    ),
    (
        "resnext_a",
        "1[{\"params\": 1, \"flops\": 2, \"min_test_top1\": 5.25, \"loss\": [NaN, -Infinity], \"net\": {\"block_type\": \"res_bottleneck_block\", \"ds\": [1, 1, 2, 4], \"ws\": [16, 16, 32, 64], \"bot_muls\": [0.0, 0.25, 0.5, 1.0], \"num_gs\": [1, 1, 2, 4]}}]",
    ),
    (
        "record",
        "2[\"043721b9c7fe8c5fad811d47d83132ec\",108,\"0100\",\"input,output\",\"Ci0JAAAAAAAAW0ARAAAAAABAj0AZAAAAAAAA8D8hAAAAgJ3Y7D8pAAAAYJCG7D8KLQkAAAAAAABbQBEAAAAAAECPQBkAAAAAAADwPyEAAACAndjsPykAAABgkIbsPwotCQAAAAAAAFtAEQAAAAAAQI9AGQAAAAAAAPA/IQAAAICd2Ow/KQAAAGCQhuw/EAk=\"]",
    ),
    (
        "zc_nb101",
        "5{\"cifar10\": {\"(0, 1, 0, 0, 0, 1)\": {\"val_accuracy\": 92.578125, \"zen\": {\"score\": NaN, \"time\": 0.5}}}}",
    ),
    ("zc_nb201", "6{\"nasbench201\": {\"cifar10\": {\"(0, 1, 2, 3, 4, 0)\": {\"val_accuracy\": 90.5, \"zen\": 1.5}}}}"),
    (
        "zc_nb301",
        "7{\"cifar10\": {\"[[(0, 2), (1, 2), (0, 2), (1, 2), (0, 2), (1, 2), (0, 2), (1, 2)], [(0, 2), (1, 2), (0, 2), (1, 2), (0, 2), (1, 2), (0, 2), (1, 2)]]\": {\"val_accuracy\": 93.25, \"zen\": {\"score\": 2}}}}",
    ),
];

/// A record, with and without its seal, and results of stages.
fn records(root: &Folder) -> Outcome<()> {
    let made = folder();
    root.put("records", "bare", run(&Suite::builtin(), made.path())?)?;
    for entry in Store::open(made.path())?.survey()? {
        let content = fs::read(made.path().join(&entry.place))?;
        match entry.kind {
            Kind::Record => root.put("records", "sealed", content)?,
            Kind::Scores => {
                let mut value: serde_json::Value = serde_json::from_slice(&content)?;
                value.as_object_mut().ok_or("scores")?.remove("seal");
                root.put("stages", &nas_assay::digest::sha256_hex(&content), value.to_string())?;
                root.put("stages", &format!("sealed-{}", entry.bytes), content)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The weights of a small network and a batch.
fn weights(root: &Folder) -> Outcome<()> {
    let architecture = Architecture::parse(SpaceId::Nb201, ARCHITECTURE)?;
    let skeleton = Skeleton { channels: 2, cells: 1, ..Skeleton::default() }.into();
    let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1)))?;
    let named = network.params().named().map(|(name, tensor)| Ok((name.to_owned(), tensor.copy()?)));
    let mut tensors: HashMap<String, Tensor> = named.collect::<Outcome<_>>()?;
    tensors.insert("input.images".to_owned(), Tensor::ones((2, 3, 8, 8), DType::F32, &Device::Cpu)?);
    tensors.insert("input.labels".to_owned(), Tensor::new(&[0i64, 9], &Device::Cpu)?);
    let path = root.0.join("weights.tmp");
    candle_core::safetensors::save(&tensors, &path)?;
    root.put("weights", "small", fs::read(&path)?)?;
    Ok(fs::remove_file(Path::new(&path))?)
}
