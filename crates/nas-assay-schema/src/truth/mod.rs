//! Ground truth: tables of benchmarks, read from the data root, and tables that this project trained.
//!
//! ```
//! use nas_assay_schema::spec::parse_recipe;
//! use nas_assay_schema::truth::trained;
//!
//! let recipe = r#"
//!     name = "two"
//!     space = "nds_resnet"
//!     architectures = 2
//!     seeds = [20, 2020]
//!     images.synthetic = { train = 64, validation = 40 }
//!     training = { epochs = 1, batch = 16, learning-rate = 0.1 }
//! "#;
//! let table = "architecture,seed_20,seed_2020\n\"d1,1,1 w16,16,16\",0.5,0.75\n\"d1,1,2 w16,16,16\",0.625,0.625\n";
//! let table = trained::parse(parse_recipe(recipe, "two.toml")?, table)?;
//! assert_eq!((table.rows.len(), table.rows[0].mean()), (2, 0.625));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod measured;
pub mod nb101;
pub mod nb201;
pub mod nb301;
pub mod nds;
pub mod runs;
pub mod share;
pub mod table;
pub mod trained;

#[cfg(test)]
mod value_tests;
