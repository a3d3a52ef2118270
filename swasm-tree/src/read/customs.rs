//! Custom sections that say something we know ⇒ what they say; `None` when they make no sense, which is no reason to refuse a module.

use wasmparser as wp;

use crate::{Custom, FuncId, FuncKind, LocalId, Module, Producers, TypeId};

impl Module {
    /// What the `target_features` section lists (WebAssembly tool conventions, "Target Features Section"): each feature's name, and whether
    /// the module uses it (`+`, `=`) or must not be linked with modules that do (`-`). `None` if there is no such section, or if it makes no
    /// sense; it is kept in either case.
    pub fn target_features(&self) -> Option<Vec<(&str, bool)>> {
        let section = self.customs.iter().find(|custom| &*custom.name == "target_features")?;
        let mut reader = wp::BinaryReader::new(&section.contents, 0);
        let count = reader.read_var_u32().ok()?;
        let mut found = Vec::new();
        for _ in 0..count {
            let prefix = reader.read_u8().ok()?;
            let name = reader.read_string().ok()?;
            found.push((name, prefix != b'-'));
        }
        reader.eof().then_some(found)
    }
}

pub(super) fn read_producers(reader: wp::ProducersSectionReader<'_>) -> Option<Producers> {
    let mut producers = Producers::default();
    for field in reader {
        let field = field.ok()?;
        let list = match field.name {
            "language" => &mut producers.languages,
            "processed-by" => &mut producers.processed_by,
            "sdk" => &mut producers.sdks,
            _ => return None,
        };
        for value in field.values {
            let value = value.ok()?;
            list.push((value.name.to_owned(), value.version.to_owned()));
        }
    }
    Some(producers)
}

pub(super) type FuncHints = (FuncId, Box<[(u32, bool)]>);

pub(super) fn read_hints(reader: wp::BranchHintSectionReader<'_>) -> Option<Vec<FuncHints>> {
    let mut found = Vec::new();
    for func in reader {
        let func = func.ok()?;
        let mut hints: Vec<(u32, bool)> = Vec::new();
        for hint in func.hints {
            let hint = hint.ok()?;
            if hints.last().is_some_and(|(at, _)| *at >= hint.func_offset) {
                return None;
            }
            hints.push((hint.func_offset, hint.taken));
        }
        found.push((FuncId(func.func), hints.into()));
    }
    Some(found)
}

/// Names items after a name section; `None`, and nothing is named, when it makes no sense.
pub(super) fn read_names(module: &mut Module, section: &Custom) -> Option<()> {
    let reader = || wp::NameSectionReader::new(wp::BinaryReader::new(&section.contents, 0));
    // All of it is looked at before something is named.
    for names in reader() {
        visit_names(names.ok()?, &mut |_| ())?;
    }
    for names in reader() {
        visit_names(names.ok()?, &mut |name| give_name(module, name))?;
    }
    Some(())
}

/// A name, and what it is for.
struct Naming<'a> {
    kind: NameKind,
    index: u32,
    /// Of a local: its number; of a field too.
    inner: u32,
    name: &'a str,
}

#[derive(Clone, Copy)]
enum NameKind {
    Module,
    Func,
    Local,
    Label,
    Type,
    Table,
    Memory,
    Global,
    Elem,
    Data,
    Field,
    Tag,
}

fn visit_names<'a>(names: wp::Name<'a>, visit: &mut dyn FnMut(Naming<'a>)) -> Option<()> {
    let (kind, map) = match names {
        wp::Name::Module { name, .. } => {
            visit(Naming { kind: NameKind::Module, index: 0, inner: 0, name });
            return Some(());
        }
        wp::Name::Local(map) => return visit_inner(NameKind::Local, map, visit),
        wp::Name::Label(map) => return visit_inner(NameKind::Label, map, visit),
        wp::Name::Field(map) => return visit_inner(NameKind::Field, map, visit),
        wp::Name::Function(map) => (NameKind::Func, map),
        wp::Name::Type(map) => (NameKind::Type, map),
        wp::Name::Table(map) => (NameKind::Table, map),
        wp::Name::Memory(map) => (NameKind::Memory, map),
        wp::Name::Global(map) => (NameKind::Global, map),
        wp::Name::Element(map) => (NameKind::Elem, map),
        wp::Name::Data(map) => (NameKind::Data, map),
        wp::Name::Tag(map) => (NameKind::Tag, map),
        wp::Name::Unknown { .. } => return None,
    };
    for naming in map {
        let naming = naming.ok()?;
        visit(Naming { kind, index: naming.index, inner: 0, name: naming.name });
    }
    Some(())
}

fn visit_inner<'a>(
    kind: NameKind,
    map: wp::IndirectNameMap<'a>,
    visit: &mut dyn FnMut(Naming<'a>),
) -> Option<()> {
    for outer in map {
        let outer = outer.ok()?;
        for naming in outer.names {
            let naming = naming.ok()?;
            let (index, inner) = (outer.index, naming.index);
            visit(Naming { kind, index, inner, name: naming.name });
        }
    }
    Some(())
}

fn give_name(module: &mut Module, naming: Naming<'_>) {
    let Naming { kind, index, inner, name } = naming;
    let at = index as usize;
    let slot = match kind {
        NameKind::Module => Some(&mut module.name),
        NameKind::Func => module.funcs.get_mut(at).map(|item| &mut item.name),
        NameKind::Table => module.tables.get_mut(at).map(|item| &mut item.name),
        NameKind::Memory => module.memories.get_mut(at).map(|item| &mut item.name),
        NameKind::Global => module.globals.get_mut(at).map(|item| &mut item.name),
        NameKind::Elem => module.elems.get_mut(at).map(|item| &mut item.name),
        NameKind::Data => module.datas.get_mut(at).map(|item| &mut item.name),
        NameKind::Tag => module.tags.get_mut(at).map(|item| &mut item.name),
        NameKind::Type => {
            if at < module.types.len() {
                module.types.set_name(TypeId(index), name);
            }
            None
        }
        NameKind::Field => {
            if at < module.types.len() {
                module.types.set_field_name(TypeId(index), inner, name);
            }
            None
        }
        NameKind::Local | NameKind::Label => {
            if let Some(FuncKind::Read(code)) = module.funcs.get_mut(at).map(|func| &mut func.kind)
            {
                if matches!(kind, NameKind::Local) {
                    code.say().local_names.push(LocalId(inner), name);
                } else {
                    code.say().notes.label_names.push((inner, name.into()));
                }
            }
            None
        }
    };
    if let Some(slot) = slot {
        *slot = Some(name.into());
    }
}

impl Module {
    /// Where the contents of the code section begin in what was read; 0 if there is none.
    pub fn code_offset(&self) -> usize {
        self.read.code_start as usize
    }
}
