//! Compares the estimator with the baselines in the miniatures of the named spaces, or of all spaces: `cargo run --bin judge nb201`.

use nas_assay::space::SpaceId;
use nas_assay::{Backend, Lab, Store, Suite};
use own_estimator::GradL1;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let named: Vec<SpaceId> = std::env::args().skip(1).map(|name| name.parse()).collect::<Result<_, _>>()?;
    let suite = Suite::builtin().with(GradL1)?;
    let lab = Lab::new(&suite, Store::open(".nas-assay")?, Backend::cpu());
    for space in if named.is_empty() { SpaceId::ALL.to_vec() } else { named } {
        println!("{}", lab.judge(space, "grad_l1")?.to_text(100));
    }
    Ok(())
}
