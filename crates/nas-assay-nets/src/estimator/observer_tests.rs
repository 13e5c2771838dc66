//! What a pass shows of a network, and lets a caller replace, in every space.

use std::cell::RefCell;
use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::tests::{batch, network, weights};
use crate::net::{Engine, ForwardPass, Layer, host_f64};
use nas_assay_spaces::SpaceId;

const IMAGES: usize = 5;

/// Every weight makes one output, and what is seen is what the network computes.
#[test]
fn each_layer_is_seen_once() {
    for (space, draw) in SpaceId::ALL.into_iter().flat_map(|space| [(space, 1), (space, 2)]) {
        let (architecture, network) = network(space, draw);
        let batch = batch(IMAGES);
        let seen = RefCell::new(Vec::new());
        let observer = |layer: Layer, y: &Tensor| {
            seen.borrow_mut().push((layer, y.clone()));
            Ok(())
        };
        let mut pass = ForwardPass::new(Engine::Kernels).untracked().with_layer_observer(&observer);
        let logits = network.forward(architecture, &batch.images, &mut pass).unwrap();
        let plain = &mut ForwardPass::new(Engine::Kernels).untracked();
        let unseen = network.forward(architecture, &batch.images, plain).unwrap();
        assert_eq!(host_f64(&logits).unwrap(), host_f64(&unseen).unwrap(), "{space}");

        let seen = seen.into_inner();
        let of_weights: BTreeMap<_, _> = seen
            .iter()
            .filter_map(|(layer, y)| match layer {
                Layer::Conv(weight) | Layer::Linear(weight) => Some((format!("{weight:?}"), y)),
                Layer::Norm | Layer::Relu | Layer::Pool => None,
            })
            .collect();
        let made = seen.iter().filter(|(layer, _)| matches!(layer, Layer::Conv(_) | Layer::Linear(_))).count();
        let weights = weights(&network);
        assert_eq!((made, of_weights.len()), (weights.len(), weights.len()), "{space}: {architecture}");
        for param in weights {
            let y = of_weights[&format!("{:?}", param.var.id())];
            assert_eq!(y.dims()[..2], [IMAGES, param.var.dim(0).unwrap()], "{}", param.name);
        }
        let (last, y) = seen.last().unwrap();
        assert!(matches!(last, Layer::Linear(_)));
        assert_eq!(host_f64(y).unwrap(), host_f64(&logits).unwrap());
        let smallest = |kind: Layer| {
            let of_kind = seen.iter().filter(|(layer, _)| *layer == kind);
            of_kind.map(|(_, y)| host_f64(y).unwrap().into_iter().fold(f64::INFINITY, f64::min)).collect::<Vec<_>>()
        };
        assert!(
            smallest(Layer::Relu).iter().all(|&value| value == 0.0) && !smallest(Layer::Relu).is_empty(),
            "{space}"
        );
        assert!(smallest(Layer::Norm).iter().all(|&value| value < 0.0) && !smallest(Layer::Norm).is_empty(), "{space}");
    }
}

/// A network that is cut at each feature map has the same logits. The products of its gradients from cut to cut are the gradient of the
/// whole.
#[test]
fn gradients_through_all_cuts_are_those_of_the_whole() {
    for space in SpaceId::ALL {
        let (architecture, network) = network(space, 3);
        let batch = batch(IMAGES);
        let images = Var::from_tensor(&batch.images).unwrap();
        // Each feature map with its graph, and the variable that stands for it afterwards.
        let mut cuts: Vec<(Tensor, Var)> = Vec::new();
        let mut cut = |_: &str, x: Tensor| {
            let var = Var::from_tensor(&x.detach())?;
            let read = var.as_tensor().clone();
            cuts.push((x, var));
            Ok(read)
        };
        let mut pass = ForwardPass::new(Engine::Kernels).untracked().with_feature_cut(&mut cut);
        let logits = network.forward(architecture, images.as_tensor(), &mut pass).unwrap();
        let whole =
            network.forward(architecture, images.as_tensor(), &mut ForwardPass::new(Engine::Kernels).untracked());
        let whole = whole.unwrap();
        assert_eq!(host_f64(&logits).unwrap(), host_f64(&whole).unwrap(), "{space}");

        let expected = gradient(&whole, std::slice::from_ref(&images)).remove(0).unwrap();
        let sources: Vec<Var> =
            std::iter::once(images.clone()).chain(cuts.iter().map(|(_, var)| var.clone())).collect();
        let mut arriving: Vec<Option<Tensor>> = gradient(&logits, &sources);
        for (place, (x, _)) in cuts.iter().enumerate().rev() {
            let Some(by_output) = arriving[place + 1].clone() else { continue };
            let product = (x * by_output.detach()).unwrap();
            for (sum, new) in arriving.iter_mut().zip(gradient(&product, &sources)) {
                *sum = match (sum.take(), new) {
                    (Some(sum), Some(new)) => Some((sum + new).unwrap()),
                    (sum, new) => sum.or(new),
                };
            }
        }
        let found = host_f64(arriving[0].as_ref().unwrap()).unwrap();
        let expected = host_f64(&expected).unwrap();
        let largest = expected.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        assert!(largest > 0.0);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-11 * largest, "{space}: {found}, not {expected}");
        }
    }
}

/// The gradient of the sum of `y` by each variable, if `y` depends on it.
fn gradient(y: &Tensor, by: &[Var]) -> Vec<Option<Tensor>> {
    let gradients = Engine::Kernels.backward_to(&Engine::Kernels.sum_all(y).unwrap(), by).unwrap();
    by.iter().map(|var| gradients.get(var).cloned()).collect()
}
