//! The DWARF of a module that was read ⇒ that of the module that was written.
//!
//! What says where code is says where it is now: line tables ([`lines`](super::lines)), ranges of functions and blocks, lists of locations.
//! What is about code that is gone is left out, entries stay. Locations that name locals or globals are kept where these are what they were.
//! Addresses in expressions are those of data, and stay.
//!
//! Invariant: what can't be said for sure is left out. If something makes no sense, nothing is converted, and [`Refused`] says why.

use std::fmt;
use std::ops::Range;

use gimli::read::{self, EndianSlice, UnitRef};
use gimli::write::{
    self, Address, AttributeValue, ConvertError, ConvertUnit, ConvertUnitEntry, LineProgram,
    Location, LocationList, RangeList, UnitEntryId,
};
use gimli::{LineEncoding, LittleEndian, constants as dw};
use rustc_hash::FxHashMap;

use super::lines::{Bytes, Lines, Writing, is_absolute, path};
use super::moves::Moves;

/// How deep entries may be nested: they are written by recursion.
const MAX_DEPTH: isize = 256;

/// Why nothing is converted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// It is broken, or has something in it that can't be written.
    Dwarf(ConvertError),
    /// It has something in it that isn't converted.
    Unsupported(&'static str),
    /// Its parts refer to each other so much that it would take too long.
    TooMuch,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Dwarf(error) => {
                let text = error.to_string();
                write!(f, "{}", text.trim_end_matches('.'))
            }
            Refused::Unsupported(what) => write!(f, "there is no support for {what}"),
            Refused::TooMuch => write!(f, "it is too much for its size"),
        }
    }
}

impl From<ConvertError> for Refused {
    fn from(error: ConvertError) -> Refused {
        Refused::Dwarf(error)
    }
}

impl From<gimli::Error> for Refused {
    fn from(error: gimli::Error) -> Refused {
        Refused::Dwarf(error.into())
    }
}

impl From<write::Error> for Refused {
    fn from(error: write::Error) -> Refused {
        Refused::Dwarf(error.into())
    }
}

/// How many steps are left.
#[derive(Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    /// What honest debug information takes, many times over.
    const STEPS_PER_BYTE: u64 = 64;
    /// What the smallest may take.
    const LEAST: u64 = 1 << 16;

    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Refused> {
        self.0 = self.0.checked_sub(steps as u64).ok_or(Refused::TooMuch)?;
        Ok(())
    }
}

/// Debug information that was read.
pub(crate) struct Source<'s> {
    /// Sections with their names.
    pub(crate) sections: Vec<(&'s str, &'s [u8])>,
    /// How much code there is, in bytes.
    pub(crate) code_len: usize,
    /// Whether globals have the indices they had.
    pub(crate) keeps_globals: bool,
    /// Whether the first memory is the one it was.
    pub(crate) keeps_memory: bool,
}

impl<'s> Source<'s> {
    fn section(&self, name: &str) -> &'s [u8] {
        self.sections.iter().find(|(known, _)| *known == name).map_or(&[], |(_, bytes)| bytes)
    }

    /// Reads its units and their lines.
    pub(crate) fn parse(&self, moves: &Moves<'_>) -> Result<Parsed<'s>, Refused> {
        let bytes: usize = self.sections.iter().map(|(_, bytes)| bytes.len()).sum();
        let steps = ((bytes + self.code_len) as u64).saturating_mul(Budget::STEPS_PER_BYTE);
        let steps = steps.saturating_add(Budget::LEAST);
        let section = |id: gimli::SectionId| -> Result<Bytes<'s>, gimli::Error> {
            Ok(EndianSlice::new(self.section(id.name()), LittleEndian))
        };
        let dwarf = read::Dwarf::load(section)?;
        let mut units = Vec::new();
        let mut headers = dwarf.units();
        while let Some(header) = headers.next()? {
            units.push(unit(&dwarf, header)?);
        }
        let lines = Lines::read(&dwarf, &units, moves, &mut Budget(steps))?;
        let (keeps_globals, keeps_memory) = (self.keeps_globals, self.keeps_memory);
        Ok(Parsed { dwarf, units, lines, steps, keeps_globals, keeps_memory })
    }
}

/// Debug information whose units and lines were read.
#[derive(Debug)]
pub(crate) struct Parsed<'s> {
    dwarf: read::Dwarf<Bytes<'s>>,
    units: Vec<read::Unit<Bytes<'s>>>,
    lines: Lines,
    steps: u64,
    keeps_globals: bool,
    keeps_memory: bool,
}

impl Parsed<'_> {
    /// File, line and column of code at an old address.
    pub(crate) fn position(&self, address: u32, moves: &Moves<'_>) -> Option<(Vec<u8>, u32, u32)> {
        let row = self.lines.at(address, moves)?;
        let unit = self.units.get(row.unit as usize)?.unit_ref(&self.dwarf);
        let (mut path, name) = path(unit, row.file)?;
        if is_absolute(&name) || path.is_empty() {
            path = name;
        } else {
            path.push(b'/');
            path.extend(name);
        }
        Some((path, row.line, row.column))
    }

    /// Adds what it says of the code that was written to `dwarf`; which has no use if that is refused.
    pub(crate) fn convert(
        &self,
        moves: &mut Moves<'_>,
        dwarf: &mut write::Dwarf,
    ) -> Result<(), Refused> {
        let Parsed { dwarf: read, units, lines, steps, .. } = self;
        let mut budget = Budget(*steps);
        let funcs = lines.by_unit(units.len(), moves);
        let mut converter = Converter {
            moves,
            budget: &mut budget,
            keeps_globals: self.keeps_globals,
            keeps_memory: self.keeps_memory,
            scopes: Vec::new(),
            base_is_zero: true,
        };
        let mut convert = dwarf.convert(read)?;
        for (number, funcs) in (0..).zip(&funcs) {
            let Some((mut unit, mut entry)) = convert.read_unit()? else { break };
            let (program, files) =
                match unit.read_line_program(None, Some(LineEncoding::default()))? {
                    Some(program) => program.program(),
                    None => (LineProgram::none(), Vec::new()),
                };
            let mut writing = Writing {
                dwarf: read,
                units,
                unit: number,
                program,
                files: &files,
                strings: unit.line_strings,
                others: FxHashMap::default(),
            };
            writing.write(lines, funcs, converter.moves, converter.budget)?;
            let program = writing.program;
            unit.set_line_program(program, files);
            converter.scopes.clear();
            converter.base_is_zero = true;
            let root = unit.unit.root();
            converter.attributes(&mut unit, root, &entry)?;
            while let Some(id) = unit.read_entry(&mut entry)? {
                if entry.depth > MAX_DEPTH {
                    return Err(Refused::Unsupported("entries that are nested so deep"));
                }
                let id = unit.add_entry(id, &entry);
                converter.attributes(&mut unit, id, &entry)?;
            }
        }
        Ok(())
    }
}

/// Reads a unit of a kind that can be converted.
fn unit<'s>(
    dwarf: &read::Dwarf<Bytes<'s>>,
    header: read::UnitHeader<Bytes<'s>>,
) -> Result<read::Unit<Bytes<'s>>, Refused> {
    match header.type_() {
        gimli::UnitType::Compilation | gimli::UnitType::Partial => (),
        gimli::UnitType::Type { .. } => return Err(Refused::Unsupported("type units")),
        gimli::UnitType::Skeleton(_)
        | gimli::UnitType::SplitCompilation(_)
        | gimli::UnitType::SplitType { .. } => return Err(Refused::Unsupported("split DWARF")),
    }
    if !matches!(header.address_size(), 4 | 8) {
        return Err(Refused::Unsupported("addresses of this size"));
    }
    if !(2..=5).contains(&header.version()) {
        return Err(Refused::Unsupported("this version of DWARF"));
    }
    let unit = dwarf.unit(header)?;
    let is_split = |name| matches!(name, dw::DW_AT_dwo_name | dw::DW_AT_GNU_dwo_name);
    let mut entries = unit.entries_raw(None)?;
    let mut root = read::DebuggingInformationEntry::null();
    if entries.read_entry(&mut root)? && root.attrs.iter().any(|attr| is_split(attr.name())) {
        return Err(Refused::Unsupported("split DWARF"));
    }
    Ok(unit)
}

/// What can be kept of expressions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Keep {
    /// All.
    All,
    /// What names no local, no register and nothing on the stack.
    Static,
}

/// Where an entry says its code is.
enum Places {
    None,
    /// It has an address, and nothing says how far it reaches.
    Start(u64),
    Ranges(Vec<Range<u64>>),
}

/// What goes with the entries of a unit.
struct Converter<'c, 'w> {
    moves: &'c mut Moves<'w>,
    budget: &'c mut Budget,
    keeps_globals: bool,
    keeps_memory: bool,
    /// Functions around the entry, with their depths.
    scopes: Vec<(isize, Keep)>,
    /// Whether lists of the unit count from the address 0.
    base_is_zero: bool,
}

/// An address of data, or a number.
fn same_address(address: u64) -> Option<Address> {
    Some(Address::Constant(address))
}

impl Converter<'_, '_> {
    /// Converts an entry's attributes.
    fn attributes<'a>(
        &mut self,
        unit: &mut ConvertUnit<'_, Bytes<'a>>,
        id: UnitEntryId,
        entry: &ConvertUnitEntry<'_, Bytes<'a>>,
    ) -> Result<(), Refused> {
        while self.scopes.last().is_some_and(|(depth, _)| *depth >= entry.depth) {
            self.scopes.pop();
        }
        let mut places = self.places(entry)?;
        if entry.tag == dw::DW_TAG_subprogram {
            self.scopes.push((entry.depth, self.keep(&places)));
        }
        let keep = self.scopes.last().map_or(Keep::All, |(_, keep)| *keep);
        for attr in &entry.attrs {
            self.budget.spend(1)?;
            let name = attr.name();
            match name {
                dw::DW_AT_low_pc | dw::DW_AT_high_pc | dw::DW_AT_ranges => {
                    // The first of them stands for all.
                    let places = std::mem::replace(&mut places, Places::None);
                    self.set_places(unit, id, entry, places)?;
                }
                // Tables that aren't written, counted positions, and lists of addresses that nobody asks for.
                dw::DW_AT_GNU_pubnames
                | dw::DW_AT_GNU_locviews
                | dw::DW_AT_GNU_entry_view
                | dw::DW_AT_start_scope
                | dw::DW_AT_macro_info
                | dw::DW_AT_macros
                | dw::DW_AT_GNU_macros => (),
                dw::DW_AT_entry_pc | dw::DW_AT_call_pc | dw::DW_AT_call_return_pc => {
                    if let Some(address) = entry.read_unit.attr_address(attr.value())?
                        && let Some(address) = self.moves.operator(address, self.budget)?
                    {
                        let value = Address::Constant(u64::from(address));
                        unit.unit.get_mut(id).set(name, AttributeValue::Address(value));
                    }
                }
                _ => {
                    if let Some(value) = self.value(unit, entry.read_unit, attr, keep)? {
                        unit.unit.get_mut(id).set(name, value);
                    }
                }
            }
        }
        Ok(())
    }

    /// An attribute that doesn't say where the entry's code is; none if it can't be kept.
    fn value<'a>(
        &mut self,
        unit: &mut ConvertUnit<'_, Bytes<'a>>,
        read_unit: UnitRef<'_, Bytes<'a>>,
        attr: &read::Attribute<Bytes<'a>>,
        keep: Keep,
    ) -> Result<Option<AttributeValue>, Refused> {
        use read::AttributeValue as Read;
        const STRING_BYTES_PER_STEP: usize = 64;
        #[allow(clippy::wildcard_enum_match_arm, reason = "most attributes say nothing of code")]
        match attr.value() {
            Read::Exprloc(_) | Read::LocationListsRef(_) | Read::DebugLocListsIndex(_)
                if !self.keeps_memory && !is_layout(attr.name()) =>
            {
                return Ok(None);
            }
            Read::Exprloc(expression) if !self.holds(&expression, read_unit, keep)? => {
                return Ok(None);
            }
            Read::LocationListsRef(offset) => return self.list(unit, read_unit, offset, keep),
            Read::DebugLocListsIndex(index) => {
                let offset = read_unit.locations_offset(index)?;
                return self.list(unit, read_unit, offset, keep);
            }
            Read::FileIndex(index) => {
                let file = unit.convert_file_index(read_unit, index);
                // A file that nobody names is no reason to know nothing.
                return Ok(file.ok().map(AttributeValue::FileIndex));
            }
            // Of what kind of code they are nobody knows.
            Read::Addr(_)
            | Read::DebugAddrIndex(_)
            | Read::RangeListsRef(_)
            | Read::DebugRngListsIndex(_) => return Ok(None),
            Read::DebugInfoRefSup(_) | Read::DebugStrRefSup(_) => {
                return Err(Refused::Unsupported("supplementary files"));
            }
            Read::DebugTypesRef(_) => return Err(Refused::Unsupported("type units")),
            value @ (Read::DebugStrRef(_)
            | Read::DebugStrOffsetsIndex(_)
            | Read::DebugLineStrRef(_)
            | Read::String(_)) => {
                let len = read_unit.attr_string(value)?.len();
                self.budget.spend(len / STRING_BYTES_PER_STEP)?;
            }
            _ => (),
        }
        Ok(Some(unit.convert_attribute_value(read_unit, attr, &same_address)?))
    }

    /// Where an entry says its code is.
    fn places<'a>(&mut self, entry: &ConvertUnitEntry<'_, Bytes<'a>>) -> Result<Places, Refused> {
        let unit = entry.read_unit;
        let (mut low, mut high) = (None, None);
        for attr in &entry.attrs {
            match attr.name() {
                dw::DW_AT_low_pc => low = unit.attr_address(attr.value())?,
                dw::DW_AT_high_pc => high = Some(attr),
                dw::DW_AT_ranges => {
                    let Some(mut list) = unit.attr_ranges(attr.value())? else { continue };
                    let mut ranges = Vec::new();
                    while let Some(range) = list.next()? {
                        self.budget.spend(1)?;
                        ranges.push(range.begin..range.end);
                    }
                    return Ok(Places::Ranges(ranges));
                }
                _ => (),
            }
        }
        let Some(low) = low else { return Ok(Places::None) };
        let Some(high) = high else { return Ok(Places::Start(low)) };
        let end = match unit.attr_address(high.value())? {
            Some(end) => end,
            None => low.saturating_add(high.udata_value().unwrap_or(0)),
        };
        Ok(Places::Ranges(std::iter::once(low..end).collect()))
    }

    /// What can be kept of expressions in a function.
    fn keep(&self, places: &Places) -> Keep {
        let Places::Ranges(ranges) = places else { return Keep::Static };
        let func = |address: u64| self.moves.function_at(u32::try_from(address).ok()?);
        let Some(at) = ranges.first().and_then(|range| func(range.start)) else {
            return Keep::Static;
        };
        let inside = |range: &Range<u64>| {
            range.start < range.end
                && func(range.start) == Some(at)
                && func(range.end - 1) == Some(at)
        };
        let is_there = self.moves.written(at).is_some();
        if is_there && self.moves.funcs[at].change.keeps_locals() && ranges.iter().all(inside) {
            Keep::All
        } else {
            Keep::Static
        }
    }

    /// Says where an entry's code is now.
    fn set_places<'a>(
        &mut self,
        unit: &mut ConvertUnit<'_, Bytes<'a>>,
        id: UnitEntryId,
        entry: &ConvertUnitEntry<'_, Bytes<'a>>,
        places: Places,
    ) -> Result<(), Refused> {
        let address = |address: u32| Address::Constant(u64::from(address));
        let is_root = id == unit.unit.root();
        let ranges = match places {
            Places::None => return Ok(()),
            Places::Start(start) => {
                let start = match start {
                    // The base of its lists.
                    0 if is_root => Some(0),
                    _ if is_root => None,
                    _ => self.moves.operator(start, self.budget)?,
                };
                if let Some(start) = start {
                    let value = AttributeValue::Address(address(start));
                    unit.unit.get_mut(id).set(dw::DW_AT_low_pc, value);
                }
                return Ok(());
            }
            Places::Ranges(old) => {
                let mut ranges = Vec::new();
                for range in old {
                    self.moves.range(range, &mut ranges, self.budget)?;
                }
                self.moves.tidy(&mut ranges);
                ranges
            }
        };
        let version = entry.read_unit.encoding().version;
        match ranges[..] {
            [] => (),
            [Range { start, end }] => {
                let high = match version {
                    ..=3 => AttributeValue::Address(address(end)),
                    4.. => AttributeValue::Udata(u64::from(end - start)),
                };
                let entry = unit.unit.get_mut(id);
                entry.set(dw::DW_AT_low_pc, AttributeValue::Address(address(start)));
                entry.set(dw::DW_AT_high_pc, high);
                if is_root {
                    self.base_is_zero = false;
                }
            }
            _ => {
                let range = |range: &Range<u32>| write::Range::StartEnd {
                    begin: address(range.start),
                    end: address(range.end),
                };
                let mut list: Vec<write::Range> = Vec::with_capacity(ranges.len() + 1);
                if self.needs_base(version) {
                    list.push(write::Range::BaseAddress { address: address(0) });
                }
                list.extend(ranges.iter().map(range));
                let list = unit.unit.ranges.add(RangeList(list));
                let entry = unit.unit.get_mut(id);
                if is_root {
                    entry.set(dw::DW_AT_low_pc, AttributeValue::Address(address(0)));
                }
                entry.set(dw::DW_AT_ranges, AttributeValue::RangeListRef(list));
            }
        }
        Ok(())
    }

    /// Whether a list must say that its addresses count from 0: before DWARF 5 they count from where the unit begins.
    fn needs_base(&self, version: u16) -> bool {
        version < 5 && !self.base_is_zero
    }

    /// Whether an expression still means what it meant.
    fn holds(
        &mut self,
        expression: &read::Expression<Bytes<'_>>,
        unit: UnitRef<'_, Bytes<'_>>,
        keep: Keep,
    ) -> Result<bool, Refused> {
        use read::Operation as Op;
        let mut operations = expression.operations(unit.encoding());
        while let Some(operation) = operations.next()? {
            self.budget.spend(1)?;
            let held = match keep {
                Keep::All => self.keeps_globals || !matches!(operation, Op::WasmGlobal { .. }),
                Keep::Static => is_static(&operation),
            };
            if !held {
                return Ok(false);
            }
            if let Op::EntryValue { expression } = operation {
                // One within another is converted by recursion.
                let mut inner = read::Expression(expression).operations(unit.encoding());
                while let Some(operation) = inner.next()? {
                    self.budget.spend(1)?;
                    if matches!(operation, Op::EntryValue { .. }) {
                        return Err(Refused::Unsupported("entry values of entry values"));
                    }
                    if matches!(operation, Op::WasmGlobal { .. }) && !self.keeps_globals {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    /// A list of locations; none if none of them is left.
    fn list<'a>(
        &mut self,
        unit: &mut ConvertUnit<'_, Bytes<'a>>,
        read_unit: UnitRef<'_, Bytes<'a>>,
        offset: gimli::LocationListsOffset,
        keep: Keep,
    ) -> Result<Option<AttributeValue>, Refused> {
        if keep == Keep::Static {
            return Ok(None);
        }
        let version = read_unit.encoding().version;
        let mut found = Vec::new();
        let mut list = read_unit.locations(offset)?;
        while let Some(entry) = list.next()? {
            self.budget.spend(1)?;
            if !self.holds(&entry.data, read_unit, keep)? {
                continue;
            }
            let data = unit.convert_expression(read_unit, entry.data, &same_address)?;
            let range = entry.range.begin..entry.range.end;
            if range == (0..u64::MAX) {
                found.push(Location::DefaultLocation { data });
                continue;
            }
            let mut ranges = Vec::new();
            self.moves.range(range, &mut ranges, self.budget)?;
            self.moves.tidy(&mut ranges);
            found.extend(ranges.into_iter().map(|range| Location::StartEnd {
                begin: Address::Constant(u64::from(range.start)),
                end: Address::Constant(u64::from(range.end)),
                data: data.clone(),
            }));
        }
        if found.is_empty() {
            return Ok(None);
        }
        if self.needs_base(version) {
            found.insert(0, Location::BaseAddress { address: Address::Constant(0) });
        }
        let list = unit.unit.locations.add(LocationList(found));
        Ok(Some(AttributeValue::LocationListRef(list)))
    }
}

/// Whether an expression is about parts of a value, wherever that is.
fn is_layout(name: gimli::DwAt) -> bool {
    matches!(name, dw::DW_AT_data_member_location | dw::DW_AT_vtable_elem_location)
}

/// Whether an operation means the same wherever it stands.
fn is_static(operation: &read::Operation<Bytes<'_>>) -> bool {
    use read::Operation as Op;
    matches!(
        operation,
        Op::Address { .. }
            | Op::AddressIndex { .. }
            | Op::ConstantIndex { .. }
            | Op::UnsignedConstant { .. }
            | Op::SignedConstant { .. }
            | Op::PlusConstant { .. }
            | Op::Plus
            | Op::Minus
            | Op::Mul
            | Op::And
            | Op::Or
            | Op::Shl
            | Op::Shr
            | Op::Nop
            | Op::Deref { .. }
            | Op::PushObjectAddress
            | Op::ImplicitValue { .. }
            | Op::StackValue
            | Op::Piece { .. }
    )
}
