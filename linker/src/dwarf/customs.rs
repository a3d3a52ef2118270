//! Custom sections that say where in the code something is ⇒ sections that say where it is now.
//!
//! Invariant: none of them is written beside code that it isn't about. What is left out is told.

use gimli::LittleEndian;
use gimli::write::{self, EndianVec, Sections};
use swasm_frontend_ir::{Diagnostic, Level, codes};
use swasm_tree::{Custom, FuncId, FuncKind, Module, Written};

use super::convert::{Parsed, Refused, Source};
use super::moves::{Moves, ReadFunc};

/// How the names of sections with debug information begin.
const DEBUG: [&str; 3] = [".debug_", "sourceMappingURL", "external_debug_info"];

/// How the names of sections with other information on places of code begin. Branch hints are none of them: they are read.
const METADATA: &str = "metadata.code.";

/// What is converted.
const CONVERTED: [&str; 11] = [
    ".debug_abbrev",
    ".debug_addr",
    ".debug_info",
    ".debug_line",
    ".debug_line_str",
    ".debug_loc",
    ".debug_loclists",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_str",
    ".debug_str_offsets",
];

/// Tables for finding quickly what the others say, too: debuggers make them if they are not there.
const TABLES: [&str; 6] = [
    ".debug_aranges",
    ".debug_gnu_pubnames",
    ".debug_gnu_pubtypes",
    ".debug_names",
    ".debug_pubnames",
    ".debug_pubtypes",
];

/// Units of types before DWARF 5, which others refer to.
const TYPES: &str = ".debug_types";

/// Whether a custom section is debug information.
pub(crate) fn is_debug(custom: &Custom) -> bool {
    DEBUG.iter().any(|prefix| custom.name.starts_with(prefix))
}

/// Whether a custom section says where in the code something is.
pub(crate) fn names_places(custom: &Custom) -> bool {
    is_debug(custom) || custom.name.starts_with(METADATA)
}

/// Other custom sections that don't name functions, globals or types by their indices.
const WITHOUT_INDICES: [&str; 4] = ["build_id", "component-type", "dylink.0", "target_features"];

/// Leaves out custom sections that may name indices; the warning says which.
pub(crate) fn leave_out_indices(module: &mut Module) -> Option<Diagnostic> {
    let stays = |custom: &Custom| {
        names_places(custom) || WITHOUT_INDICES.iter().any(|name| custom.name.starts_with(name))
    };
    let mut names: Vec<String> = Vec::new();
    module.customs.retain(|custom| {
        let stays = stays(custom);
        if !stays {
            names.push(format!("`{}`", custom.name));
        }
        stays
    });
    let message = format!(
        "functions, globals and types have other indices, so what may name them is left out: {}",
        names.join(", ")
    );
    let diagnostic = Diagnostic::global(codes::INDICES_DROPPED, message);
    (!names.is_empty()).then_some(Diagnostic { level: Level::Warning, ..diagnostic })
}

/// The functions that were read, in order.
pub(crate) fn read_funcs(
    module: &Module,
    mut written: impl FnMut(FuncId) -> Option<FuncId>,
) -> Vec<ReadFunc> {
    let funcs = (0..).map(FuncId).zip(&module.funcs);
    funcs
        .filter_map(|(id, func)| match &func.kind {
            FuncKind::Read(code) => {
                Some(ReadFunc { range: code.range_in_code(module), func: written(id) })
            }
            FuncKind::Import(_) | FuncKind::Declared | FuncKind::Defined(_) => None,
        })
        .collect()
}

/// What was read, as far as it is about the code.
pub(crate) struct Read<'r> {
    pub(crate) customs: Vec<&'r Custom>,
    /// As [`read_funcs`] gives them.
    pub(crate) funcs: Vec<ReadFunc>,
    /// The contents of the code section.
    pub(crate) code: &'r [u8],
    /// The [`Loc`](swasm_tree::Loc) of an address is this much more.
    pub(crate) base: u32,
    /// Whether passes ran.
    pub(crate) passes: bool,
    /// Whether globals have the indices they had.
    pub(crate) keeps_globals: bool,
    /// Whether the first memory is the one it was.
    pub(crate) keeps_memory: bool,
}

impl<'r> Read<'r> {
    /// Where its code went, and its debug information; none if it has none.
    pub(crate) fn parse<'w>(
        &self,
        written: &'w Written,
    ) -> Result<Option<(Moves<'w>, Parsed<'r>)>, Refused> {
        let mut sections: Vec<(&str, &[u8])> = Vec::new();
        for custom in self.customs.iter().filter(|custom| CONVERTED.contains(&&*custom.name)) {
            if sections.iter().any(|(name, _)| *name == &*custom.name) {
                return Err(Refused::Unsupported("two sections of one name"));
            }
            sections.push((&custom.name, &custom.contents));
        }
        if sections.is_empty() {
            return Ok(None);
        }
        if self.customs.iter().any(|custom| &*custom.name == TYPES) {
            return Err(Refused::Unsupported("type units"));
        }
        if sections.iter().all(|(name, _)| *name != ".debug_info") {
            return Err(Refused::Unsupported("debug information without `.debug_info`"));
        }
        let source = Source {
            sections,
            code_len: self.code.len(),
            keeps_globals: self.keeps_globals,
            keeps_memory: self.keeps_memory,
        };
        let moves = Moves::new(&self.funcs, self.code, written, self.base, self.passes);
        let parsed = source.parse(&moves)?;
        Ok(Some((moves, parsed)))
    }

    /// Adds what debug information says of the code as it is now to `dwarf`.
    pub(crate) fn convert(
        &self,
        written: &Written,
        dwarf: &mut write::Dwarf,
    ) -> Result<(), Refused> {
        match self.parse(written)? {
            Some((mut moves, parsed)) => parsed.convert(&mut moves, dwarf),
            None => Ok(()),
        }
    }

    /// A warning of what is left out: all that isn't converted.
    pub(crate) fn left_out(&self, refused: Option<Refused>) -> Option<Diagnostic> {
        let stays = |custom: &Custom| {
            let name = &*custom.name;
            !names_places(custom)
                || (refused.is_none() && (CONVERTED.contains(&name) || TABLES.contains(&name)))
        };
        let names: Vec<String> = self
            .customs
            .iter()
            .filter(|custom| !stays(custom))
            .map(|custom| format!("`{}`", custom.name))
            .collect();
        if names.is_empty() {
            return None;
        }
        let message = format!(
            "the code has changed, so what says where something is in it is left out: {}",
            names.join(", ")
        );
        let mut diagnostic = Diagnostic::global(codes::OFFSETS_DROPPED, message);
        if let Some(refused) = refused {
            diagnostic =
                diagnostic.note(format!("its debug information can't be converted: {refused}"));
        }
        Some(Diagnostic { level: Level::Warning, ..diagnostic })
    }
}

/// Where debug information is written to.
pub(crate) type DebugSections = Sections<EndianVec<LittleEndian>>;

/// Sections without anything.
pub(crate) fn sections() -> DebugSections {
    Sections::new(EndianVec::new(LittleEndian))
}

/// Appends what isn't empty.
pub(crate) fn append(mut sections: DebugSections, written: &mut Written) {
    let outcome: gimli::write::Result<()> = sections.for_each_mut(|id, data| {
        if !data.slice().is_empty() {
            written.custom(id.name(), data.slice());
        }
        Ok(())
    });
    outcome.expect("nothing above fails");
}
