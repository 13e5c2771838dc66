use super::*;
use nas_assay_base::seed::Seed;
use proptest::prelude::*;

fn differing<F: Family>(a: Architecture<F>, b: Architecture<F>) -> usize {
    (0..Architecture::<F>::POSITIONS).filter(|&position| a.choice(position) != b.choice(position)).count()
}

fn the_enumeration_is_a_bijection<F: Family>() {
    assert_eq!(Architecture::<F>::all().len(), Architecture::<F>::COUNT);
    assert_eq!(Architecture::<F>::from_index(Architecture::<F>::COUNT), None);
    assert_eq!(Architecture::<F>::all().next(), Some(Architecture::FIRST));
    for (index, architecture) in Architecture::<F>::all().enumerate().step_by(97) {
        assert_eq!((architecture.index(), Architecture::from_index(index)), (index, Some(architecture)));
        let choices = (0..Architecture::<F>::POSITIONS).map(|position| (position, architecture.choice(position)));
        let rebuilt = choices.fold(Architecture::FIRST, |built, (position, choice)| built.with(position, choice));
        assert_eq!(rebuilt, architecture);
    }
    let choices = |architecture: Architecture<F>| -> Vec<usize> {
        (0..Architecture::<F>::POSITIONS).map(|position| architecture.choice(position)).collect()
    };
    let ascending = Architecture::<F>::all().step_by(89).map(choices);
    assert!(ascending.is_sorted_by(|a, b| a < b), "the index orders by the first position first");
    let last = Architecture::<F>::all().next_back().unwrap();
    assert_eq!(last, Architecture::LAST);
    let greatest = F::DECISIONS.iter().flat_map(|decision| [decision.values.len() - 1; STAGES]);
    assert!(choices(last).into_iter().eq(greatest));
}

#[test]
fn the_enumerations_are_bijections_in_order() {
    the_enumeration_is_a_bijection::<ResNet>();
    the_enumeration_is_a_bijection::<ResNeXtA>();
}

fn neighbours_differ_once<F: Family>(seed: Seed) -> Result<(), TestCaseError> {
    let mut stream = seed.stream();
    let architecture = Architecture::<F>::sample(&mut stream);
    prop_assert!(architecture.index() < Architecture::<F>::COUNT);
    let mut neighbours = architecture.neighbours();
    prop_assert_eq!(neighbours.len(), Architecture::<F>::NEIGHBOURS);
    prop_assert!(neighbours.iter().all(|&neighbour| differing(architecture, neighbour) == 1));
    prop_assert!(neighbours.contains(&architecture.mutate(&mut stream)));
    neighbours.sort_unstable();
    neighbours.dedup();
    prop_assert_eq!(neighbours.len(), Architecture::<F>::NEIGHBOURS);
    Ok(())
}

proptest! {
    #[test]
    fn neighbours_differ_at_one_position_and_a_mutation_is_one_of_them(seed: u64) {
        neighbours_differ_once::<ResNet>(Seed::root(seed))?;
        neighbours_differ_once::<ResNeXtA>(Seed::root(seed))?;
    }
}

/// All positions mutate equally often, and at each position all other choices are equally frequent.
fn mutations_are_even<F: Family>() {
    const EACH: usize = 400;
    let mut stream = Seed::root(3).stream();
    let start = Architecture::<F>::sample(&mut stream);
    for (position, drawn) in mutants_by_position(start, EACH, &mut stream).into_iter().enumerate() {
        let choices = drawn.len() - 1;
        let expected = EACH as f64 * 11.0 / choices as f64;
        for (choice, &count) in drawn.iter().enumerate() {
            let expected = if choice == start.choice(position) { 0.0 } else { expected };
            let off = (count as f64 - expected).abs();
            assert!(off <= 5.0 * expected.sqrt(), "{start}: {count} of {expected} at {position}, five deviations");
        }
    }
}

/// How often each choice occurred at each position, over 11 · `each` mutants per position.
fn mutants_by_position<F: Family>(start: Architecture<F>, each: usize, stream: &mut Stream) -> Vec<Vec<usize>> {
    let positions = Architecture::<F>::POSITIONS;
    let mut drawn: Vec<Vec<usize>> =
        (0..positions).map(|position| vec![0; F::DECISIONS[position / STAGES].values.len()]).collect();
    for _ in 0..11 * each * positions {
        let mutant = start.mutate(stream);
        let position = (0..positions).find(|&position| mutant.choice(position) != start.choice(position));
        let position = position.expect("a mutation changes a position");
        drawn[position][mutant.choice(position)] += 1;
    }
    drawn
}

#[test]
fn mutation_draws_a_position_and_then_another_choice() {
    mutations_are_even::<ResNet>();
    mutations_are_even::<ResNeXtA>();
}

/// Every value of every decision is equally frequent at every stage.
fn samples_are_even<F: Family>() {
    const DRAWS: usize = 20_000;
    let mut stream = Seed::root(4).stream();
    let drawn: Vec<Architecture<F>> = (0..DRAWS).map(|_| Architecture::sample(&mut stream)).collect();
    for position in 0..Architecture::<F>::POSITIONS {
        let choices = F::DECISIONS[position / STAGES].values.len();
        let expected = DRAWS as f64 / choices as f64;
        for choice in 0..choices {
            let count = drawn.iter().filter(|architecture| architecture.choice(position) == choice).count();
            assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "{count} of {expected} at {position}");
        }
    }
}

#[test]
fn sampling_is_uniform_at_every_position() {
    samples_are_even::<ResNet>();
    samples_are_even::<ResNeXtA>();
}

fn pinned<F: Family>() -> String {
    let mut stream = Seed::root(20).child(F::NAME).stream();
    let drawn = [(); 2].map(|()| Architecture::<F>::sample(&mut stream));
    format!("{drawn:?} {:?}", drawn.map(|architecture| architecture.mutate(&mut stream)))
}

#[test]
fn draws_are_pinned() {
    insta::assert_snapshot!(pinned::<ResNet>(), @"[nds_resnet(d24,6,8 w80,80,16), nds_resnet(d3,6,12 w80,160,160)] [nds_resnet(d24,6,8 w80,80,128), nds_resnet(d3,6,12 w80,32,160)]");
    insta::assert_snapshot!(pinned::<ResNeXtA>(), @"[nds_resnext_a(d1,4,8 w128,256,128 r1,0.5,0.25 g4,1,4), nds_resnext_a(d1,4,8 w16,128,32 r0.5,0.25,0.25 g4,4,4)] [nds_resnext_a(d1,4,8 w128,256,128 r1,1,0.25 g4,1,4), nds_resnext_a(d1,4,8 w64,128,32 r0.5,0.25,0.25 g4,4,4)]");
}

#[test]
#[should_panic(expected = "choice 9 at position 2, which has 9")]
fn a_choice_outside_the_decision_is_refused() {
    let _ = resnet::Architecture::FIRST.with(2, 9);
}
