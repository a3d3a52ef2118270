//! Random modules, and modules built again from what they say.

pub(crate) mod generate;
pub(crate) mod rebuild;
