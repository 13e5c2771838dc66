//! Ground truth: tables read from the data root, and tables that this project trained and carries.

pub mod table;
pub mod trained;
