//! `SWASM_EMIT=ir,tree,wat` ⇒ which stages [`Linked::to_wasm`](crate::Linked::to_wasm) shows.

/// The name of the variable.
pub const EMIT_VARIABLE: &str = "SWASM_EMIT";

/// The stages of a program that are shown on standard error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Emit {
    /// The program's text, as the printer writes it.
    pub ir: bool,
    /// The functions as they were lowered.
    pub tree: bool,
    /// The functions as they are encoded.
    pub wat: bool,
}

impl Emit {
    /// What the environment variable `SWASM_EMIT` asks for: names with commas between them. Unknown ones are told on standard error.
    pub fn from_env() -> Self {
        let value = std::env::var(EMIT_VARIABLE).unwrap_or_default();
        let (emit, unknown) = Self::parse(&value);
        for name in unknown {
            eprintln!("warning: {EMIT_VARIABLE} knows ir, tree and wat, not `{name}`");
        }
        emit
    }

    /// The stages named in `text`, and the names that are none.
    fn parse(text: &str) -> (Self, Vec<&str>) {
        let (mut emit, mut unknown) = (Self::default(), Vec::new());
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "ir" => emit.ir = true,
                "tree" => emit.tree = true,
                "wat" => emit.wat = true,
                _ => unknown.push(name),
            }
        }
        (emit, unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_named() {
        assert_eq!(Emit::parse(""), (Emit::default(), vec![]));
        assert_eq!(Emit::parse("ir, wat,"), (Emit { ir: true, tree: false, wat: true }, vec![]));
        assert_eq!(
            Emit::parse("tree,clif"),
            (Emit { ir: false, tree: true, wat: false }, vec!["clif"])
        );
    }
}
