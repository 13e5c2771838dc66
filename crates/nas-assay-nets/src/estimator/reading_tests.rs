//! Tests by value of what the probe reads from several batches and passes.

use candle_core::{DType, Device, Tensor};
use nas_assay_base::seed::Seed;
use nas_assay_spaces::SpaceId;

use super::oneshot::evaluate;
use super::tests::{batch, network, probe};
use super::{Probe, ReluPatterns};
use crate::images::Batch;
use crate::net::{Dropout, Engine, ForwardPass, host_f64};

/// Two batches of six and three images count alike: three of six and two of three are classified correctly.
#[test]
fn accuracy_and_loss_are_means_over_batches() {
    let (architecture, network) = network(SpaceId::Nb201, 7);
    let (mut batches, mut losses) = (Vec::new(), Vec::new());
    for images in [6, 3] {
        let drawn = batch(images);
        let logits = network.forward(architecture, &drawn.images, &mut ForwardPass::new(Engine::Kernels)).unwrap();
        let (classes, logits) = (logits.dim(1).unwrap(), host_f64(&logits).unwrap());
        let (mut labels, mut loss) = (Vec::new(), 0.0);
        for (image, row) in logits.chunks(classes).enumerate() {
            let greatest = (0..classes).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
            let label = if image % 2 == 0 { greatest } else { (greatest + 1) % classes };
            loss += libm::log(row.iter().map(|logit| libm::exp(logit - row[label])).sum::<f64>());
            labels.push(label as u32);
        }
        losses.push(loss / images as f64);
        batches.push(Batch { images: drawn.images, labels: Tensor::new(labels, &Device::Cpu).unwrap() });
    }
    let found = evaluate(&network, architecture, &batches, Engine::Kernels).unwrap();
    assert!((found.accuracy - f64::midpoint(3.0 / 6.0, 2.0 / 3.0)).abs() < 1e-12, "{found:?}");
    let loss = f64::midpoint(losses[0], losses[1]);
    assert!((found.loss - loss).abs() <= 1e-9 * loss, "{found:?}, not {losses:?}");
}

#[test]
fn dropout_changes_the_logits_of_a_probe_by_its_stream() {
    let (architecture, network) = network(SpaceId::Nb201, 7);
    let batch = batch(4);
    let logits = |dropout: Option<(f64, u64)>| {
        let mut own: Probe<'_> = probe(architecture, &network, Engine::Kernels, &batch);
        if let Some((rate, seed)) = dropout {
            own = own.with_dropout(Dropout { rate, stream: Seed::root(seed).stream() });
        }
        own.logits().unwrap().to_vec()
    };
    assert_ne!(logits(Some((0.5, 1))), logits(None));
    assert_eq!(logits(Some((0.5, 1))), logits(Some((0.5, 1))));
    assert_ne!(logits(Some((0.5, 1))), logits(Some((0.5, 2))));
}

/// An estimator's own pass has the dropout of the shared one.
#[test]
fn a_pass_of_a_probe_has_its_dropout() {
    let (architecture, network) = network(SpaceId::Nb201, 7);
    let batch = batch(4);
    let logits = |dropout: bool| {
        let mut own: Probe<'_> = probe(architecture, &network, Engine::Kernels, &batch);
        if dropout {
            own = own.with_dropout(Dropout { rate: 0.5, stream: Seed::root(1).stream() });
        }
        let found = network.forward(architecture, &batch.images, &mut own.pass()).unwrap();
        let shared: Vec<f64> = own.logits().unwrap().concat();
        assert_eq!(host_f64(&found).unwrap(), shared);
        shared
    };
    assert_ne!(logits(true), logits(false));
}

#[test]
fn every_relu_counts() {
    let mut patterns = ReluPatterns::default();
    assert_eq!((patterns.calls(), patterns.elements(), patterns.images()), (0, 0, 0));
    for (calls, elements) in [(1, 5), (2, 10), (3, 15)] {
        patterns.push(&Tensor::ones((2, 5), DType::F32, &Device::Cpu).unwrap()).unwrap();
        assert_eq!((patterns.calls(), patterns.elements(), patterns.images()), (calls, elements, 2));
    }
}
