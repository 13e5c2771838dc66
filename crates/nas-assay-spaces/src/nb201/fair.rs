//! Fair draws: each operation once on each edge.

use super::{Architecture, Operation};
use nas_assay_base::seed::Stream;

/// As many cells as there are `operations`; each edge deals them out to the cells in a random order of its own (Chu et al.,
/// `FairNAS`, ICCV 2021). Six permutations from the stream. A cell may lack a live convolution.
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
        // Of five places one agrees on average, with variance one: five standard deviations of 5,000 draws.
        assert!((together - 5_000).abs() < 355, "{together}");
    }
}
