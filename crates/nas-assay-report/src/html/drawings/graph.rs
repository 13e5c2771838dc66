//! A directed graph drawn as a staircase: nodes are on the diagonal, edges go to the right from their source and then down to their target.
//! Labels never overlap, because each edge has its own place: the row of its source and the column of its target.

use std::fmt::Write;

use crate::html::svg::escape;

/// How an edge is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Convolution,
    Skip,
    Plain,
    /// It does not affect the output.
    Dead,
}

/// An edge.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    pub from: usize,
    pub to: usize,
    /// Its label; empty where operations are nodes.
    pub operation: String,
    pub kind: Kind,
}

/// A graph in which every edge goes to a later node.
pub(super) struct Graph {
    /// The label of each node, and whether it affects the output.
    pub nodes: Vec<(String, bool)>,
    pub edges: Vec<Edge>,
    /// How many of the first nodes are inputs, at least one.
    pub inputs: usize,
    /// Distances between columns and between rows.
    pub step: [f64; 2],
}

/// Distance between edges into one node.
const APART: f64 = 7.0;

/// Half of a node's width and height.
const HALF: [f64; 2] = [14.0, 8.0];

impl Graph {
    /// Width and height of the picture, and the markup of its parts, moved down by `top`.
    pub fn draw(&self, top: f64) -> ([f64; 2], String) {
        // The inputs share a column, since no edge goes into them.
        let column = |node: usize| node.saturating_sub(self.inputs - 1) as f64;
        let x = |node: usize| HALF[0] + 2.0 + self.step[0] * column(node);
        let y = |node: usize| top + HALF[1] + 8.0 + self.step[1] * node as f64;
        let mut body = String::new();
        // Edges into one node go down next to each other, in the order of their sources.
        let aside = |edge: &Edge| {
            let into = || self.edges.iter().filter(|other| other.to == edge.to);
            let before = into().filter(|other| other.from < edge.from).count() as f64;
            (APART * (before - 0.5 * (into().count() as f64 - 1.0)), 0.5 * APART * (into().count() as f64 - 1.0))
        };
        for node in 0..self.nodes.len() {
            let out = || self.edges.iter().filter(|edge| edge.from == node);
            if let Some(end) = out().map(|edge| x(edge.to) + aside(edge).0).reduce(f64::max) {
                let dead = if out().all(|edge| edge.kind == Kind::Dead) { " dead" } else { "" };
                let _ = write!(
                    body,
                    "<path class=\"line{dead}\" d=\"M{:.1} {:.1}H{end:.1}\"/>",
                    x(node) + HALF[0],
                    y(node)
                );
            }
        }
        for edge in &self.edges {
            let class = match edge.kind {
                Kind::Convolution => "edge convolution",
                Kind::Skip => "edge skip",
                Kind::Plain => "edge plain",
                Kind::Dead => "edge dead",
            };
            let (aside, half) = aside(edge);
            let (at, from, to) = (x(edge.to) + aside, y(edge.from), y(edge.to) - HALF[1]);
            let _ = write!(
                body,
                "<path class=\"{class}\" d=\"M{at:.1} {from:.1}V{to:.1}\"/><circle class=\"joint\" cx=\"{at:.1}\" cy=\"{from:.1}\" r=\"2\"/>"
            );
            if !edge.operation.is_empty() {
                let _ = write!(
                    body,
                    "<text class=\"end label\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                    x(edge.to) - half - 3.0,
                    from - 3.0,
                    escape(&edge.operation)
                );
            }
        }
        for (node, (label, live)) in self.nodes.iter().enumerate() {
            let (x, y) = (x(node), y(node));
            let class = if *live { "node" } else { "node dead" };
            let _ = write!(
                body,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{}\" height=\"{}\" rx=\"3\"/>\
                 <text class=\"middle label\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                x - HALF[0],
                y - HALF[1],
                2.0 * HALF[0],
                2.0 * HALF[1],
                y + 4.0,
                escape(label)
            );
        }
        let last = self.nodes.len().saturating_sub(1);
        ([(x(last) + HALF[0] + 2.0).ceil(), (y(last) - top + HALF[1] + 2.0).ceil()], body)
    }
}
