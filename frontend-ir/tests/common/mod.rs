//! Random modules, and modules built again from what they say.

pub(crate) mod cases;
pub(crate) mod generate;
pub(crate) mod rebuild;

pub(crate) use cases::cases;
