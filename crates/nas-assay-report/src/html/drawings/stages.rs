//! A network of stages as bars, one per block.

use std::fmt::Write;

use nas_assay_spaces::nds::{Block, Stage};

/// Width and height of the picture, and the markup of its parts. The height of a bar grows with the square root of the channels, so that 16
/// can be seen next to 256.
pub(super) fn draw(stages: &[Stage]) -> ([f64; 2], String) {
    let (width, base) = (220.0, 66.0);
    let blocks: usize = stages.iter().map(|stage| stage.depth).sum();
    let gap = 8.0;
    let step = ((width - 4.0 - gap * (stages.len() as f64 - 1.0)) / blocks.max(1) as f64).min(9.0);
    let tall = |channels: usize| 60.0 * (channels as f64 / 256.0).sqrt();
    let mut body = String::new();
    let mut x = 2.0;
    for stage in stages {
        let height = tall(stage.width);
        for _ in 0..stage.depth {
            let _ = write!(
                body,
                "<rect class=\"block\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
                base - height,
                0.72 * step
            );
            if let Block::Bottleneck { inner, .. } = stage.block {
                let inside = height * inner as f64 / stage.width as f64;
                let _ = write!(
                    body,
                    "<path class=\"inside\" d=\"M{x:.1} {base}v-{inside:.1}h{:.1}V{base}z\"/>",
                    0.72 * step
                );
            }
            x += step;
        }
        x += gap;
    }
    let _ = write!(body, "<path class=\"rule\" d=\"M2 {base}H218\"/>");
    for (place, stage) in stages.iter().enumerate() {
        let line = match stage.block {
            Block::Basic => format!("stage {}: {} × {}", place + 1, stage.depth, stage.width),
            Block::Bottleneck { inner, groups } => {
                format!("stage {}: {} × {}, {inner} inside, groups {groups}", place + 1, stage.depth, stage.width)
            }
        };
        let _ = write!(body, "<text x=\"2\" y=\"{}\">{line}</text>", 80 + 13 * place);
    }
    ([width, 84.0 + 13.0 * (stages.len() as f64 - 1.0)], body)
}
