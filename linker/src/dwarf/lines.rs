//! The line tables of a module that was read ⇒ one table in order of addresses, and from it those of what was written.

use gimli::read::{self, EndianSlice, UnitRef};
use gimli::write::{Address, FileId, LineProgram, LineString, LineStringTable};
use gimli::{ColumnType, LittleEndian};
use rustc_hash::{FxHashMap, FxHashSet};

use super::convert::{Budget, Refused};
use super::moves::{Change, Moves};

/// What is read.
pub(crate) type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// A row of a line table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) address: u32,
    /// Whose it is; of what ends a sequence, [`END`].
    pub(crate) unit: u32,
    pub(crate) file: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
    discriminator: u32,
    is_statement: bool,
    basic_block: bool,
    prologue_end: bool,
    epilogue_begin: bool,
}

impl Row {
    /// Whether another row behind it says nothing new.
    fn says(&self, other: &Row) -> bool {
        let Row { address, basic_block, prologue_end, epilogue_begin, .. } = *self;
        *self == Row { address, basic_block, prologue_end, epilogue_begin, ..*other }
            && (self == other || !(other.basic_block || other.prologue_end || other.epilogue_begin))
    }
}

/// The unit of what ends a sequence.
const END: u32 = u32::MAX;

/// The rows of all units, in order of addresses.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rows: Vec<Row>,
}

/// The header of a unit's line table.
type Header<'a> = read::LineProgramHeader<Bytes<'a>>;

impl Lines {
    /// Reads the line tables of all units. Sequences of code that isn't there, which linkers give the address 0 or -1, are left out.
    pub(crate) fn read(
        dwarf: &read::Dwarf<Bytes<'_>>,
        units: &[read::Unit<Bytes<'_>>],
        moves: &Moves<'_>,
        budget: &mut Budget,
    ) -> Result<Lines, Refused> {
        let mut sequences: Vec<Vec<Row>> = Vec::new();
        let mut seen = FxHashSet::default();
        for (unit, read_unit) in (0..).zip(units) {
            let Some(program) = read_unit.unit_ref(dwarf).line_program.clone() else { continue };
            if !seen.insert(program.header().offset().0) {
                continue;
            }
            let mut rows = program.rows();
            let mut sequence = Vec::new();
            while let Some((_, row)) = rows.next_row()? {
                budget.spend(1)?;
                let number = |value: u64| u32::try_from(value).unwrap_or(0);
                // What is behind all code ends what is before it, too.
                let address = u32::try_from(row.address()).unwrap_or(u32::MAX);
                sequence.push(Row {
                    address,
                    unit: if row.end_sequence() { END } else { unit },
                    file: u32::try_from(row.file_index()).unwrap_or(u32::MAX),
                    line: row.line().map_or(0, |line| number(line.get())),
                    column: match row.column() {
                        ColumnType::LeftEdge => 0,
                        ColumnType::Column(column) => number(column.get()),
                    },
                    discriminator: number(row.discriminator()),
                    is_statement: row.is_stmt(),
                    basic_block: row.basic_block(),
                    prologue_end: row.prologue_end(),
                    epilogue_begin: row.epilogue_begin(),
                });
                if row.end_sequence() {
                    let sequence = std::mem::take(&mut sequence);
                    if sequence.first().is_some_and(|row| moves.function_at(row.address).is_some())
                    {
                        sequences.push(sequence);
                    }
                }
            }
        }
        // Where one sequence ends another one may begin.
        sequences.sort_by_key(|sequence| sequence.first().map(|row| row.address));
        let mut rows: Vec<Row> = sequences.into_iter().flatten().collect();
        rows.sort_by_key(|row| row.address);
        Ok(Lines { rows })
    }

    /// The row of an address, which must be one of the function it is in.
    pub(crate) fn at(&self, address: u32, moves: &Moves<'_>) -> Option<&Row> {
        let func = &moves.funcs[moves.function_at(address)?];
        let row =
            &self.rows[self.rows.partition_point(|row| row.address <= address).checked_sub(1)?];
        (row.unit != END && row.address >= func.header).then_some(row)
    }

    /// What is new from where on in a function's new code: a row, or none.
    fn of<'l>(
        &'l self,
        at: usize,
        moves: &'l Moves<'_>,
    ) -> impl Iterator<Item = (u32, Option<&'l Row>)> {
        let func = &moves.funcs[at];
        let same = func.change == Change::None;
        let start = moves.written(at).map_or(0, |new| new.range.start);
        let place = |address| self.rows.partition_point(|row| row.address < address);
        let rows = if same { place(func.header)..place(func.old.end) } else { 0..0 };
        let kept = self.rows[rows].iter().map(move |row| {
            let address = row.address.max(func.old.start) - func.old.start + start;
            (address, (row.unit != END).then_some(row))
        });
        let entries = (!same).then(|| moves.entries(at)).into_iter().flatten();
        let moved = entries.filter_map(|(at, loc)| {
            // What passes made belongs to what is before it.
            let address = moves.address(loc)?;
            Some((at, self.at(address, moves)))
        });
        kept.chain(moved)
    }

    /// The unit that a function's rows go to.
    fn unit_of(&self, at: usize, moves: &Moves<'_>) -> Option<u32> {
        self.of(at, moves).find_map(|(_, row)| row).map(|row| row.unit)
    }

    /// By unit: the functions whose rows are its own, in the order in which they are written.
    pub(crate) fn by_unit(&self, units: usize, moves: &Moves<'_>) -> Vec<Vec<usize>> {
        let mut found = vec![Vec::new(); units];
        for at in 0..moves.funcs.len() {
            if moves.written(at).is_some()
                && let Some(unit) = self.unit_of(at, moves)
            {
                found[unit as usize].push(at);
            }
        }
        for funcs in &mut found {
            funcs.sort_by_key(|&at| moves.written(at).map(|func| func.range.start));
        }
        found
    }
}

/// The line table of one unit in the making.
pub(crate) struct Writing<'d, 'a> {
    pub(crate) dwarf: &'d read::Dwarf<Bytes<'a>>,
    pub(crate) units: &'d [read::Unit<Bytes<'a>>],
    pub(crate) unit: u32,
    pub(crate) program: LineProgram,
    /// By number of a file in the unit's table.
    pub(crate) files: &'d [FileId],
    pub(crate) strings: &'d mut LineStringTable,
    /// Files of other units.
    pub(crate) others: FxHashMap<(u32, u32), Option<FileId>>,
}

impl Writing<'_, '_> {
    /// Writes the rows of some functions, in order.
    pub(crate) fn write(
        &mut self,
        lines: &Lines,
        funcs: &[usize],
        moves: &Moves<'_>,
        budget: &mut Budget,
    ) -> Result<(), Refused> {
        // Where the open sequence began, and where the function before ends.
        let (mut open, mut end) = (None, None);
        for &at in funcs {
            let Some(new) = moves.written(at) else { continue };
            if let Some(end) = end
                && !moves.is_size(end..new.range.start)
            {
                self.end(&mut open, end);
            }
            end = Some(new.range.end);
            let mut last: Option<&Row> = None;
            let mut prologue = false;
            for (address, row) in lines.of(at, moves) {
                budget.spend(1)?;
                let Some((row, file)) = row.and_then(|row| Some((row, self.file(row)?))) else {
                    self.end(&mut open, address);
                    last = None;
                    continue;
                };
                if last.is_some_and(|last| last.says(row)) {
                    continue;
                }
                last = Some(row);
                let start = *open.get_or_insert_with(|| {
                    self.program.begin_sequence(Some(Address::Constant(u64::from(address))));
                    address
                });
                let to = self.program.row();
                to.address_offset = u64::from(address - start);
                to.file = file;
                to.line = u64::from(row.line);
                to.column = u64::from(row.column);
                to.discriminator = u64::from(row.discriminator);
                to.is_statement = row.is_statement;
                to.basic_block = row.basic_block;
                to.prologue_end = row.prologue_end && !prologue;
                to.epilogue_begin = row.epilogue_begin;
                self.program.generate_row();
                prologue |= row.prologue_end;
            }
        }
        if let Some(end) = end {
            self.end(&mut open, end);
        }
        Ok(())
    }

    fn end(&mut self, open: &mut Option<u32>, end: u32) {
        if let Some(start) = open.take() {
            self.program.end_sequence(u64::from(end.saturating_sub(start)));
        }
    }

    /// The file of a row here.
    fn file(&mut self, row: &Row) -> Option<FileId> {
        if row.unit == self.unit {
            return self.files.get(row.file as usize).copied();
        }
        if let Some(known) = self.others.get(&(row.unit, row.file)) {
            return *known;
        }
        let found = self.other_file(row);
        self.others.insert((row.unit, row.file), found);
        found
    }

    /// The file of another unit's row, which is made one of this unit's.
    fn other_file(&mut self, row: &Row) -> Option<FileId> {
        let unit = self.units.get(row.unit as usize)?.unit_ref(self.dwarf);
        let (directory, name) = path(unit, row.file)?;
        let encoding = self.program.encoding();
        let directory = if directory.is_empty() {
            self.program.default_directory()
        } else {
            self.program.add_directory(LineString::new(directory, encoding, self.strings))
        };
        let name = LineString::new(name, encoding, self.strings);
        Some(self.program.add_file(name, directory, None))
    }
}

/// Directory and name of a file, as a unit of another directory can say them. The directory may be empty, the name is not.
pub(crate) fn path(unit: UnitRef<'_, Bytes<'_>>, file: u32) -> Option<(Vec<u8>, Vec<u8>)> {
    let header: &Header<'_> = unit.line_program.as_ref()?.header();
    let file = header.file(u64::from(file))?;
    let name = unit.dwarf.attr_line_string(file.path_name()).ok()?.slice().to_vec();
    if name.is_empty() {
        return None;
    }
    let home = unit.comp_dir.map_or(&[][..], |home| home.slice());
    let directory = match header.directory(file.directory_index()) {
        Some(directory) if file.directory_index() != 0 => {
            unit.dwarf.attr_line_string(directory).ok()?.slice()
        }
        Some(_) | None => home,
    };
    let joined = if is_absolute(directory) || home.is_empty() || directory == home {
        directory.to_vec()
    } else if directory.is_empty() {
        home.to_vec()
    } else {
        [home, b"/", directory].concat()
    };
    Some((joined, name))
}

/// Whether a path needs no directory before it.
pub(crate) fn is_absolute(path: &[u8]) -> bool {
    matches!(path, [b'/' | b'\\', ..] | [_, b':', ..])
}
