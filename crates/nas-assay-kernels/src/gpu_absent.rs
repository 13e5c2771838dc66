//! What stands for the CUDA engine in a build without it: types that have no values.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor, Var};

use crate::cpu::SgdStep;

/// No device is a GPU.
#[expect(clippy::unnecessary_wraps, reason = "the form that it has with a GPU")]
pub(crate) fn without_events(device: Device) -> Result<Device> {
    Ok(device)
}

/// A backward pass, whose gradients have allocations of their own.
pub(crate) struct Pass;

#[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the form that it has with a GPU")]
impl Pass {
    pub fn begin(_: &Device) -> Self {
        Self
    }

    pub fn saves_memory(&self) -> bool {
        false
    }

    pub fn hold(&self, _: &Tensor) -> Result<()> {
        Ok(())
    }

    pub fn let_go(&self, _: &Tensor) -> Result<()> {
        Ok(())
    }

    pub fn is_same_place(&self, _: &Tensor, _: &Tensor) -> Result<bool> {
        Ok(false)
    }

    pub fn give_back(&self, _: &Tensor) -> Result<()> {
        Ok(())
    }
}

/// Normalised brightness of the 256 values of a pixel, in each of three channels.
pub type Tables = [[f32; 256]; 3];

/// How an image is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "documented where a GPU reads them")]
pub struct Change {
    pub top: u8,
    pub left: u8,
    pub flip: bool,
    pub padding: u8,
}

/// Steps of SGD on a GPU.
#[derive(Debug)]
pub enum TrainingSteps {}

#[expect(missing_docs, clippy::missing_errors_doc, reason = "documented where there is a GPU")]
impl TrainingSteps {
    pub fn on(_: &Device, _: usize) -> Result<Option<Self>> {
        Ok(None)
    }

    pub fn step(&mut self, _: &[Var], _: &[Var], _: &[Option<&Tensor>], _: (SgdStep, Option<f64>, bool)) -> Result<()> {
        match *self {}
    }

    pub fn tally(&self, _: &Tensor, _: &Tensor, _: &Tensor, _: [f64; 2]) -> Result<()> {
        match *self {}
    }

    pub fn begin(&self) -> Result<()> {
        match *self {}
    }

    pub fn finish(&mut self) -> Result<EpochResults> {
        match *self {}
    }
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "documented where there is a GPU")]
pub struct EpochResults {
    pub norm: f64,
    pub diverged: Option<usize>,
    pub loss: f64,
    pub right: f64,
}

/// Images on a GPU.
#[derive(Debug)]
pub enum ResidentImages {}

/// The order in which images on a GPU are taken.
#[derive(Debug)]
pub enum ImageOrder {}

#[expect(missing_docs, clippy::missing_errors_doc, reason = "documented where there is a GPU")]
impl ResidentImages {
    pub fn on(_: &Device, _: &[u8], _: &Tables, _: &[u8], _: usize) -> Result<Option<Self>> {
        Ok(None)
    }

    pub fn order(&self, _: &[usize], _: Option<&[Change]>) -> Result<ImageOrder> {
        match *self {}
    }

    pub fn batch(&self, _: &ImageOrder, _: Range<usize>, _: DType) -> Result<(Tensor, Tensor)> {
        match *self {}
    }
}
