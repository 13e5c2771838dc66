//! The mean gradient of several passes.

use candle_core::backprop::GradStore;
use candle_core::{Result, Var};

/// Gradients of several passes, each parameter's averaged over those passes that used it (Ning et al. 2021; `mepa_samples` of their
/// code). A parameter that no pass used has none.
pub(super) struct MeanGradients<'a> {
    vars: &'a [Var],
    sums: Option<GradStore>,
    /// How many passes used each parameter.
    uses: Vec<u32>,
}

impl<'a> MeanGradients<'a> {
    /// Without any pass.
    pub(super) fn new(vars: &'a [Var]) -> Self {
        Self { vars, sums: None, uses: vec![0; vars.len()] }
    }

    /// Adds the gradients of one more pass.
    ///
    /// # Errors
    /// If two gradients cannot be added.
    pub(super) fn add(&mut self, mut pass: GradStore) -> Result<()> {
        for (var, uses) in self.vars.iter().zip(&mut self.uses) {
            *uses += u32::from(pass.get(var).is_some());
        }
        let Some(sums) = &mut self.sums else {
            self.sums = Some(pass);
            return Ok(());
        };
        for var in self.vars {
            let Some(gradient) = pass.remove(var) else { continue };
            let sum = match sums.remove(var) {
                Some(sum) => (sum + gradient)?,
                None => gradient,
            };
            sums.insert(var, sum);
        }
        Ok(())
    }

    /// The means; none before the first pass. Those of a single pass are its own gradients, bit for bit.
    ///
    /// # Errors
    /// If a sum cannot be divided.
    pub(super) fn mean(self) -> Result<Option<GradStore>> {
        let Some(mut sums) = self.sums else { return Ok(None) };
        for (var, uses) in self.vars.iter().zip(self.uses).filter(|(_, uses)| *uses > 1) {
            if let Some(sum) = sums.remove(var) {
                sums.insert(var, (sum / f64::from(uses))?);
            }
        }
        Ok(Some(sums))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Tensor};
    use proptest::prelude::*;

    const VARS: usize = 3;

    proptest! {
        /// A pass has a gradient or none for each parameter. The means are compared with sums and counts computed here.
        #[test]
        fn each_parameter_has_the_mean_over_the_passes_that_used_it(
            passes in prop::collection::vec(prop::array::uniform3(prop::option::of(-8.0f64..8.0)), 1..6)
        ) {
            let cpu = &Device::Cpu;
            let vars: Vec<Var> = (0..VARS).map(|_| Var::zeros(2, DType::F64, cpu).unwrap()).collect();
            let mut gradients = MeanGradients::new(&vars);
            for pass in &passes {
                let mut store = Tensor::zeros((), DType::F64, cpu).unwrap().backward().unwrap();
                for (var, gradient) in vars.iter().zip(pass) {
                    if let Some(gradient) = gradient {
                        store.insert(var, Tensor::new(&[*gradient, -3.0 * gradient], cpu).unwrap());
                    }
                }
                gradients.add(store).unwrap();
            }
            let mean = gradients.mean().unwrap().unwrap();
            for (place, var) in vars.iter().enumerate() {
                let used: Vec<f64> = passes.iter().filter_map(|pass| pass[place]).collect();
                let found = mean.get(var).map(|gradient| gradient.to_vec1::<f64>().unwrap());
                prop_assert_eq!(found.is_some(), !used.is_empty());
                let Some(found) = found else { continue };
                let expected = used.iter().sum::<f64>() / used.len() as f64;
                prop_assert!((found[0] - expected).abs() <= 1e-14, "{} is not {}", found[0], expected);
                prop_assert!((found[1] + 3.0 * expected).abs() <= 4e-14, "{} is not {}", found[1], -3.0 * expected);
                prop_assert!(used.len() > 1 || found[0].to_bits() == used[0].to_bits());
            }
        }
    }
}
