//! The swasm command.
fn main() {}
