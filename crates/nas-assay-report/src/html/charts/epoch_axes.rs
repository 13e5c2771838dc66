//! The axes that charts over epochs share: lines at round values, labels at round epochs.

use std::fmt::Write;

use super::axis::{Axis, tick_step, ticks};

/// Width and height of the picture.
pub(super) const SIZE: [u32; 2] = [420, 230];

/// The coordinates of the lower and the upper end of the axis of values.
pub(super) const UP: [f64; 2] = [196.0, 10.0];

/// A horizontal line at each of the values, labelled with its text.
pub(super) fn value_lines(up: Axis, values: impl Iterator<Item = f64>, text: impl Fn(f64) -> String) -> String {
    let mut body = String::new();
    for value in values {
        let y = up.at(value);
        let _ = write!(
            body,
            "<path class=\"rule\" d=\"M44 {y:.1}H412\"/><text class=\"end\" x=\"38\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            text(value)
        );
    }
    body
}

/// Labels at round epochs, and the title of the axis.
pub(super) fn epoch_labels(across: Axis) -> String {
    let [first, last] = across.values;
    let mut body = String::new();
    for epoch in ticks(0.0, last, tick_step(last).max(1.0)).filter(|&epoch| epoch >= first) {
        let _ = write!(body, "<text class=\"middle\" x=\"{:.1}\" y=\"213\">{epoch}</text>", across.at(epoch));
    }
    body + "<text class=\"middle\" x=\"228\" y=\"228\">epoch</text>"
}
