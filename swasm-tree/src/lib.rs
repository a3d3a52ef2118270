//! WebAssembly as a tree.
pub mod template {
    //! Placeholder until the crate lands.
    /// A template.
    #[derive(Debug)]
    pub struct Template;
}
