//! Fair draws: each operation occurs once on each edge.

use super::{Architecture, Operation};
use nas_assay_base::seed::Stream;

/// Draws as many cells as there are `operations`, so that every edge has each operation in exactly one of the cells. The order is random
/// and independent for each edge (Chu et al., `FairNAS`, ICCV 2021). Takes six permutations from the stream. A cell can be without a live
/// convolution.
pub fn fair_draw(operations: &[Operation], stream: &mut Stream) -> Vec<Architecture> {
    let deals: [Vec<usize>; 6] = std::array::from_fn(|_| stream.permutation(operations.len()));
    let cell = |place: usize| Architecture::new(std::array::from_fn(|edge| operations[deals[edge][place]]));
    (0..operations.len()).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nb201::EDGES;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_operation_stands_once_on_each_edge(seed: u64, operations in prop::sample::subsequence(Operation::ALL.to_vec(), 1..=5)) {
            let cells = fair_draw(&operations, &mut Seed::root(seed).stream());
            for edge in 0..EDGES.len() {
                let mut found: Vec<Operation> = cells.iter().map(|cell| cell.operations()[edge]).collect();
                found.sort_unstable();
                prop_assert_eq!(&found, &operations, "edge {}", edge);
            }
        }
    }

    #[test]
    fn edges_are_dealt_independently() {
        let mut stream = Seed::root(1).stream();
        let mut together = 0_i32;
        for _ in 0..5_000 {
            let cells = fair_draw(&Operation::ALL, &mut stream);
            together += cells.iter().filter(|cell| cell.operations()[0] == cell.operations()[5]).count() as i32;
        }
        // On average one of five places agrees, with variance one. The bound is five standard deviations of 5,000 draws.
        assert!((together - 5_000).abs() < 355, "{together}");
    }
}
