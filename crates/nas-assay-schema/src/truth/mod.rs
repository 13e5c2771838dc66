//! Ground truth: tables read from the data root, and tables that this project trained and carries.

pub mod nb101;
pub mod nb201;
pub mod nb301;
pub mod nds;
pub mod table;
pub mod trained;
