//! Ground truth: tables read from disk, and truth that this project trained.
