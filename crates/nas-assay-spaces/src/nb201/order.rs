//! The order of the cells in NAS-Bench-201: all of them by edges, shuffled by Python's `random.Random(88).shuffle`.
//!
//! An index of the benchmark is thereby known without its files.

use std::sync::OnceLock;

use super::{Architecture, COUNT};

/// The seed of the shuffle.
const SEED: u32 = 88;

/// For each index of the benchmark, the [index](Architecture::index) of the cell.
fn order() -> &'static [u16] {
    static ORDER: OnceLock<Vec<u16>> = OnceLock::new();
    ORDER.get_or_init(|| {
        let mut order: Vec<u16> = (0..COUNT as u16).collect();
        let mut twister = Twister::new(SEED);
        for last in (1..COUNT).rev() {
            order.swap(last, twister.below(last as u32 + 1) as usize);
        }
        order
    })
}

impl Architecture {
    /// The cell with the number `index` in the benchmark's files, if that is below [`COUNT`].
    pub fn at_benchmark_index(index: usize) -> Option<Self> {
        Self::from_index(usize::from(*order().get(index)?))
    }

    /// Its number in the benchmark's files.
    pub fn benchmark_index(self) -> usize {
        static INVERSE: OnceLock<Vec<u16>> = OnceLock::new();
        let inverse = INVERSE.get_or_init(|| {
            let mut inverse = vec![0; COUNT];
            for (place, &cell) in order().iter().enumerate() {
                inverse[usize::from(cell)] = place as u16;
            }
            inverse
        });
        usize::from(inverse[self.index()])
    }
}

/// Length of the generator's state, in words.
const WORDS: usize = 624;

/// The generator of Python's `random`: MT19937 (Matsumoto and Nishimura, 1998).
struct Twister {
    state: [u32; WORDS],
    used: usize,
}

impl Twister {
    /// The generator after `random.seed(seed)`.
    fn new(seed: u32) -> Self {
        let mut state = [0_u32; WORDS];
        state[0] = 19_650_218;
        for word in 1..WORDS {
            let previous = state[word - 1] ^ state[word - 1] >> 30;
            state[word] = previous.wrapping_mul(1_812_433_253).wrapping_add(word as u32);
        }
        // The seed is a key of one word.
        let mut word = 1;
        let wrap = |state: &mut [u32; WORDS], word: &mut usize| {
            *word += 1;
            if *word == WORDS {
                state[0] = state[WORDS - 1];
                *word = 1;
            }
        };
        for _ in 0..WORDS {
            let previous = state[word - 1] ^ state[word - 1] >> 30;
            state[word] = (state[word] ^ previous.wrapping_mul(1_664_525)).wrapping_add(seed);
            wrap(&mut state, &mut word);
        }
        for _ in 1..WORDS {
            let previous = state[word - 1] ^ state[word - 1] >> 30;
            state[word] = (state[word] ^ previous.wrapping_mul(1_566_083_941)).wrapping_sub(word as u32);
            wrap(&mut state, &mut word);
        }
        state[0] = 1 << 31;
        Self { state, used: WORDS }
    }

    fn next(&mut self) -> u32 {
        if self.used == WORDS {
            for word in 0..WORDS {
                let mixed = self.state[word] & 1 << 31 | self.state[(word + 1) % WORDS] & !(1 << 31);
                let odd = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[word] = self.state[(word + 397) % WORDS] ^ mixed >> 1 ^ odd;
            }
            self.used = 0;
        }
        let mut word = self.state[self.used];
        self.used += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9d2c_5680;
        word ^= word << 15 & 0xefc6_0000;
        word ^ word >> 18
    }

    /// A uniform number below `bound`, which is at least 1: as many bits as `bound` has, drawn until they are below it.
    fn below(&mut self, bound: u32) -> u32 {
        let bits = u32::BITS - bound.leading_zeros();
        loop {
            let drawn = self.next() >> (u32::BITS - bits);
            if drawn < bound {
                return drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_testing::data_file;

    /// Python 3: `[random.Random(88).getrandbits(32) for _ in range(3)]`, and the shuffled list's ends.
    #[test]
    fn the_order_is_that_of_python() {
        assert_eq!(order()[..5], [13931, 11791, 14874, 13126, 4032]);
        assert_eq!(order()[COUNT - 3..], [5452, 3104, 6512]);
        for place in 0..COUNT {
            assert_eq!(Architecture::at_benchmark_index(place).unwrap().benchmark_index(), place);
        }
        assert_eq!(Architecture::at_benchmark_index(COUNT), None);
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_order_is_that_of_the_table() {
        let text = std::fs::read_to_string(data_file("truth/nb201.csv")).unwrap();
        let rows: Vec<Architecture> =
            text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
        let due: Vec<Architecture> = (0..COUNT).filter_map(Architecture::at_benchmark_index).collect();
        assert!(rows == due, "the rows of the table are in another order");
    }
}
