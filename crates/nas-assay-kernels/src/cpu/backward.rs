//! Backward passes over graphs of kernels, without the sums that Candle makes.
//!
//! Candle adds every gradient to a buffer of zeros, on one thread. That is three passes over memory for each gradient, although nearly
//! every tensor receives only one. Here a single gradient is passed on as it is. Where several arrive they are added in Candle's order,
//! so the sums have the same bits.

use std::collections::{HashMap, HashSet};

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, TensorId, Var, bail};

use super::elementwise::sum_of_gradients;
use super::kept_graph::{candle_keeps_the_graph, graph_is_kept, keeping_the_graph};
use super::tape::kernels_of;
use super::wanted::{is_wanted, needing};
#[cfg(not(feature = "cuda"))]
use crate::gpu::Pass;
#[cfg(feature = "cuda")]
use crate::gpu::arena::Pass;

/// The gradient of `loss` by every variable that it depends on: the result of [`Tensor::backward`], in less time.
///
/// Candle's own pass runs if the graph has operations that are not kernels, or if Candle keeps the graph of gradients.
///
/// # Errors
/// If a gradient cannot be computed.
pub fn backward(loss: &Tensor) -> Result<GradStore> {
    if candle_keeps_the_graph()? { loss.backward() } else { walk(loss, None)?.map_or_else(|| loss.backward(), Ok) }
}

/// Like [`backward`], where only the gradients by `variables` are needed. Where possible the others are not computed.
///
/// # Errors
/// If a gradient cannot be computed.
pub fn backward_to(loss: &Tensor, variables: &[Var]) -> Result<GradStore> {
    if candle_keeps_the_graph()? {
        return loss.backward();
    }
    walk(loss, Some(variables))?.map_or_else(|| loss.backward(), Ok)
}

/// The gradients of `loss` by `variables`, in a form that can be differentiated once more, by [`backward_to`].
///
/// # Errors
/// If a gradient cannot be computed, or the graph has operations that are not kernels: Candle would drop a part of the second derivative
/// there without an error.
pub fn differentiable_backward(loss: &Tensor, variables: &[Var]) -> Result<GradStore> {
    if candle_keeps_the_graph()? {
        return loss.backward();
    }
    match keeping_the_graph(|| walk(loss, Some(variables)))? {
        Some(gradients) => Ok(gradients),
        None => bail!("a second derivative needs a graph of kernels only, but this one has other operations in it"),
    }
}

/// The gradients of a graph of kernels; `None` for any other graph.
fn walk(loss: &Tensor, variables: Option<&[Var]>) -> Result<Option<GradStore>> {
    let nodes = loss.sorted_nodes();
    let Some(applied) = kernels_of(&nodes) else { return Ok(None) };
    let needed = variables.map(|variables| {
        let mut needed: HashSet<TensorId> = variables.iter().map(|variable| variable.id()).collect();
        for (node, applied) in nodes.iter().zip(&applied).rev() {
            if applied.as_ref().is_some_and(|a| a.inputs().iter().any(|input| needed.contains(&input.id()))) {
                needed.insert(node.id());
            }
        }
        needed
    });
    needing(needed, || {
        let pass = Pass::begin(loss.device());
        let mut arriving: HashMap<TensorId, Vec<Tensor>> = HashMap::new();
        if is_wanted(loss) {
            arriving.insert(loss.id(), vec![loss.ones_like()?]);
        }
        let mut gradients = GradStore::default();
        for (node, applied) in nodes.into_iter().zip(applied) {
            let Some(terms) = arriving.remove(&node.id()) else { continue };
            let (gradient, kept) = (sum_of_gradients(&terms)?, graph_is_kept()?);
            for term in &terms {
                pass.let_go(term)?;
            }
            if terms.len() > 1 && !kept {
                terms.iter().try_for_each(|term| pass.give_back(term))?;
            }
            let Some(applied) = applied else {
                pass.hold(&gradient)?;
                gradients.insert(node, gradient);
                continue;
            };
            let gradient = if kept { gradient } else { gradient.detach() };
            for (input, arrived) in applied.inputs().iter().zip(applied.backward(node, &gradient)?) {
                let Some(arrived) = arrived.filter(|_| is_wanted(input)) else { continue };
                pass.hold(&arrived)?;
                let terms = arriving.entry(input.id()).or_default();
                terms.push(arrived);
                if pass.saves_memory() && !kept && terms.len() > 2 {
                    add_first_two(&pass, terms, &gradient)?;
                }
            }
            if !kept {
                pass.give_back(&gradient)?;
            }
        }
        Ok(Some(gradients))
    })
}

/// Replaces the first two of the gradients that arrive somewhere by their sum. The sum of all stays the same, but the two need not wait for
/// the others. One of them may be `gradient`, with which the pass is not done yet.
fn add_first_two(pass: &Pass, terms: &mut Vec<Tensor>, gradient: &Tensor) -> Result<()> {
    let sum = sum_of_gradients(&terms[..2])?;
    pass.hold(&sum)?;
    let added: Vec<Tensor> = terms.splice(..2, [sum]).collect();
    for term in &added {
        pass.let_go(term)?;
    }
    for term in &added {
        if !pass.is_same_place(term, gradient)? {
            pass.give_back(term)?;
        }
    }
    Ok(())
}

/// Whether all operations of the graph of `loss` are kernels, so that [`backward`] does not leave it to Candle.
pub fn is_of_kernels(loss: &Tensor) -> bool {
    kernels_of(&loss.sorted_nodes()).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, on_every_device, random, values};
    use super::super::{
        Window, add, add_all, avg_pool2d, batch_norm, conv2d, cross_entropy, global_avg_pool, relu, sum_all,
        times_constant,
    };
    use super::*;
    use candle_core::{DType, Device, Var};

    fn variables(shapes: &[&[usize]]) -> Vec<Var> {
        let variable = |(i, dims): (usize, &&[usize])| {
            Var::from_tensor(&random(&format!("variable {i}"), dims).to_dtype(DType::F32).unwrap()).unwrap()
        };
        shapes.iter().enumerate().map(variable).collect()
    }

    /// A cell in which gradients meet from two and from three sides.
    fn cell(v: &[Var]) -> Tensor {
        let [x, narrow, wide, scale, shift] = v else { panic!("five variables") };
        let window = Window { padding: 1, ..Window::default() };
        let rectified = relu(x).unwrap();
        let a = conv2d(&rectified, narrow, Window::default()).unwrap();
        let (a, _) = batch_norm(&a, Some((scale, shift)), 1e-5).unwrap();
        let b = conv2d(&rectified, wide, window).unwrap();
        let c = add_all(&[&a, x, &avg_pool2d(x, 3, 1, 1).unwrap(), &b, &a]).unwrap();
        let logits = global_avg_pool(&add(&c, &conv2d(&relu(&c).unwrap(), wide, window).unwrap()).unwrap()).unwrap();
        cross_entropy(&logits, &Tensor::new(&[0_u32, 2], &Device::Cpu).unwrap()).unwrap()
    }

    #[test]
    fn gradients_have_the_bits_of_candles() {
        let v = variables(&[&[2, 3, 5, 5], &[3, 3, 1, 1], &[3, 3, 3, 3], &[3], &[3]]);
        let loss = cell(&v);
        assert!(is_of_kernels(&loss));
        let (ours, candles) = (backward(&loss).unwrap(), loss.backward().unwrap());
        assert_eq!(ours.get_ids().count(), v.len());
        for variable in &v {
            let bits = |store: &GradStore| values(store.get(variable).unwrap()).into_iter().map(f64::to_bits).collect();
            let (ours, candles): (Vec<u64>, Vec<u64>) = (bits(&ours), bits(&candles));
            assert_eq!(ours, candles);
        }
    }

    /// Gradients pass sums as they are, so one tensor arrives in several places, and several times in one. In both passes: by `x` and `w`, and
    /// the Hessian's product with the gradient.
    #[test]
    fn a_gradient_may_arrive_in_many_places() {
        let run = |device: &Device| -> Vec<Vec<f64>> {
            let var = |label: &str, dims: &[usize]| {
                Var::from_tensor(&random(label, dims).to_device(device).unwrap()).unwrap()
            };
            let (x, w) = (var("x", &[2, 3, 6, 6]), var("w", &[3, 3, 1, 1]));
            let mut node = x.as_tensor().clone();
            for _ in 0..3 {
                let pooled = || avg_pool2d(&node, 3, 1, 1).unwrap();
                let first = pooled();
                let convolved = conv2d(&relu(&first).unwrap(), &w, Window::default()).unwrap();
                let (normed, _) = batch_norm(&convolved, None, 1e-5).unwrap();
                let second = add(&node, &normed).unwrap();
                node = add_all(&[&pooled(), &first, &second]).unwrap();
                node = add(&node, &add(&node, &node).unwrap()).unwrap();
            }
            let labels = Tensor::new(&[0_u32, 2], device).unwrap();
            let loss = cross_entropy(&global_avg_pool(&node).unwrap(), &labels).unwrap();
            let variables = [x, w];
            let first = backward(&loss).unwrap();
            let again = differentiable_backward(&loss, &variables).unwrap();
            let terms = variables.iter().map(|v| again.get(v).unwrap());
            let terms: Vec<Tensor> = terms.map(|g| sum_all(&times_constant(g, g).unwrap()).unwrap()).collect();
            let second = backward_to(&add(&terms[0], &terms[1]).unwrap(), &variables).unwrap();
            let stores = [&first, &second];
            stores.iter().flat_map(|s| variables.iter().map(|v| values(s.get(v).unwrap()))).collect()
        };
        let expected = run(&Device::Cpu);
        on_every_device(|device| {
            for (found, expected) in run(device).iter().zip(&expected) {
                let size = expected.iter().fold(0.0_f64, |size, value| size.max(value.abs()));
                let scaled = |values: &[f64]| values.iter().map(|value| value / size).collect::<Vec<_>>();
                assert_close("gradient", &scaled(found), &scaled(expected), 1e-11);
            }
        });
    }

    #[test]
    fn a_graph_with_other_operations_is_left_to_candle() {
        let v = variables(&[&[2, 3]]);
        let loss = sum_all(&relu(&v[0].sqr().unwrap()).unwrap()).unwrap();
        let twice = v[0].affine(2.0, 0.0).unwrap();
        assert_eq!(values(backward(&loss).unwrap().get(&v[0]).unwrap()), values(&twice));
    }

    #[test]
    fn a_variable_ends_the_graph_and_a_missing_gradient_has_no_entry() {
        let v = variables(&[&[2, 3], &[2, 3]]);
        let ones = backward(&v[0]).unwrap();
        assert_eq!(values(ones.get(&v[0]).unwrap()), [1.0; 6]);
        let loss = sum_all(&add(&v[0], &v[1].as_detached_tensor()).unwrap()).unwrap();
        assert_eq!(backward(&loss).unwrap().get_ids().count(), 1);
        assert_eq!(backward(&loss.detach()).unwrap().get_ids().count(), 0);
    }

    #[test]
    fn the_gradient_of_a_gradient_is_an_error() {
        let v = variables(&[&[1, 2, 5, 5]]);
        let gradients = backward(&sum_all(&relu(&add(&v[0], &v[0]).unwrap()).unwrap()).unwrap()).unwrap();
        let again = sum_all(gradients.get(&v[0]).unwrap()).unwrap();
        assert!(again.backward().unwrap_err().to_string().contains("cannot be differentiated again"));
        assert!(backward(&again).unwrap_err().to_string().contains("cannot be differentiated again"));
    }

    #[test]
    fn only_what_was_asked_for_is_computed_and_it_is_the_same() {
        let v = variables(&[&[2, 3, 5, 5], &[3, 3, 1, 1], &[3, 3, 3, 3], &[3], &[3]]);
        let all = backward(&cell(&v)).unwrap();
        for asked in [&v[..1], &v[1..3], &v[4..], &[]] {
            let some = backward_to(&cell(&v), asked).unwrap();
            assert_eq!(some.get_ids().count(), asked.len());
            for variable in asked {
                assert_eq!(values(some.get(variable).unwrap()), values(all.get(variable).unwrap()));
            }
        }
    }

    #[test]
    fn a_gradient_that_kept_its_graph_is_differentiated_once() {
        let v = variables(&[&[2, 3]]);
        let with_others = sum_all(&v[0].sqr().unwrap()).unwrap();
        let message = differentiable_backward(&with_others, &v).err().unwrap().to_string();
        assert!(message.contains("a graph of kernels only"), "{message}");
        let labels = Tensor::new(&[0_u32, 2], &Device::Cpu).unwrap();
        let loss = cross_entropy(&relu(&v[0]).unwrap(), &labels).unwrap();
        let first = differentiable_backward(&loss, &v).unwrap();
        assert_eq!(values(first.get(&v[0]).unwrap()), values(backward(&loss).unwrap().get(&v[0]).unwrap()));
        let second = backward(&sum_all(&relu(first.get(&v[0]).unwrap()).unwrap()).unwrap()).unwrap();
        assert!(values(second.get(&v[0]).unwrap()).iter().any(|value| *value != 0.0));
        let third = sum_all(second.get(&v[0]).unwrap()).unwrap();
        assert!(backward(&third).unwrap_err().to_string().contains("cannot be differentiated again"));
    }
}
