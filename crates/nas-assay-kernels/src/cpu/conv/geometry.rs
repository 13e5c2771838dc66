//! The sizes of one convolution, checked once.

use candle_core::{Result, bail};

use super::window::Window;

/// The sizes of a convolution; all divisions in them are exact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    /// Images.
    pub n: usize,
    /// Input channels.
    pub ci: usize,
    /// Input rows.
    pub hi: usize,
    /// Input columns.
    pub wi: usize,
    /// Output channels.
    pub co: usize,
    /// Taps in a column of the window.
    pub kh: usize,
    /// Taps in a row of the window.
    pub kw: usize,
    /// Output rows.
    pub ho: usize,
    /// Output columns.
    pub wo: usize,
    /// How the window moves.
    pub window: Window,
}

impl Geometry {
    /// The sizes for an image `[n, ci, h, w]` and weights `[co, ci / groups, kh, kw]`.
    pub fn new([n, ci, hi, wi]: [usize; 4], [co, cig, kh, kw]: [usize; 4], window: Window) -> Result<Self> {
        let Window { stride, padding, dilation, groups } = window;
        if stride == 0 || dilation == 0 || groups == 0 || kh == 0 || kw == 0 {
            bail!("stride, dilation, groups and kernel must be at least 1, but they are {window:?} and {kh} x {kw}");
        }
        if ci != cig * groups || !co.is_multiple_of(groups) {
            bail!("weights [{co}, {cig}, {kh}, {kw}] in {groups} groups do not fit an image of {ci} channels");
        }
        if [n, ci, hi, wi, co].contains(&0) {
            bail!("an image of shape [{n}, {ci}, {hi}, {wi}] or an output of {co} channels has no elements");
        }
        let outputs = |size: usize, taps: usize| {
            let room = (size + 2 * padding).checked_sub(dilation * (taps - 1) + 1)?;
            Some(room / stride + 1)
        };
        let (Some(ho), Some(wo)) = (outputs(hi, kh), outputs(wi, kw)) else {
            bail!("a window of {kh} x {kw} taps with {window:?} does not fit an image of {hi} x {wi} pixels");
        };
        Ok(Self { n, ci, hi, wi, co, kh, kw, ho, wo, window })
    }

    /// The same convolution over images of one long row, if its window is a single pixel.
    pub fn flat(mut self) -> Self {
        if self.kh == 1 && self.kw == 1 && self.window.stride == 1 && self.window.padding == 0 {
            (self.hi, self.wi) = (1, self.hi * self.wi);
            (self.ho, self.wo) = (1, self.ho * self.wo);
        }
        self
    }

    /// Input channels of a group.
    pub fn cig(&self) -> usize {
        self.ci / self.window.groups
    }

    /// Output channels of a group.
    pub fn cog(&self) -> usize {
        self.co / self.window.groups
    }

    /// An error unless `dims` is the shape of the output.
    pub fn expect_output(&self, dims: [usize; 4]) -> Result<()> {
        if dims != [self.n, self.co, self.ho, self.wo] {
            bail!("a gradient of shape {dims:?} does not fit a convolution with {self:?}");
        }
        Ok(())
    }
}
