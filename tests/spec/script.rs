//! A script's text ⇒ its directives, each with its line and its module as bytes.
//!
//! Invariant: no module is left inside a directive for later, so a [`Script`] can be run any number of times.

use libtest_mimic::Failed;
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::token::Span;
use wast::{QuoteWat, Wast, WastDirective, WastExecute, Wat};

use crate::suite::Text;

/// A script that can be run.
pub(crate) struct Script<'a> {
    /// In the order of the text.
    pub(crate) steps: Vec<Step<'a>>,
}

/// A directive.
pub(crate) struct Step<'a> {
    /// Where it begins, from 1.
    pub(crate) line: usize,
    /// What to do.
    pub(crate) directive: WastDirective<'a>,
    /// The module in it, if it has one.
    pub(crate) module: Option<Source<'a>>,
}

/// A module that stands in a script.
pub(crate) struct Source<'a> {
    /// `$name`, without the dollar.
    pub(crate) name: Option<&'a str>,
    /// The binary, or why the text is none.
    pub(crate) bytes: Result<Vec<u8>, String>,
}

impl Text {
    /// Hands over the parsed script.
    ///
    /// # Errors
    /// When the text is no script.
    pub(crate) fn parsed(&self, with: impl FnOnce(&Script)) -> Result<(), Failed> {
        let failed =
            |error: wast::Error| Failed::from(format!("{}.wast is no script: {error}", self.name));
        // Scripts about names hold characters that a reader of the text would confuse.
        let mut lexer = Lexer::new(self.text);
        lexer.allow_confusing_unicode(true);
        let buffer = ParseBuffer::new_with_lexer(lexer).map_err(failed)?;
        let wast: Wast = parser::parse(&buffer).map_err(failed)?;
        let lines = Lines::of(self.text);
        let steps = wast.directives.into_iter().map(|mut directive| Step {
            line: lines.at(directive.span()),
            module: module_in(&mut directive),
            directive,
        });
        with(&Script { steps: steps.collect() });
        Ok(())
    }
}

/// Offsets at which lines begin: `Span::linecol_in` counts from the start of the text each time, and scripts have thousands of directives.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn at(&self, span: Span) -> usize {
        self.0.partition_point(|end| *end < span.offset()) + 1
    }
}

/// Encodes the module that a directive holds. That resolves names in place, so it is done once, here.
fn module_in<'a>(directive: &mut WastDirective<'a>) -> Option<Source<'a>> {
    match directive {
        WastDirective::Module(module)
        | WastDirective::ModuleDefinition(module)
        | WastDirective::AssertMalformed { module, .. }
        | WastDirective::AssertMalformedCustom { module, .. }
        | WastDirective::AssertInvalid { module, .. }
        | WastDirective::AssertInvalidCustom { module, .. } => Some(quoted(module)),
        WastDirective::AssertUnlinkable { module, .. } => Some(plain(module)),
        WastDirective::AssertTrap { exec, .. }
        | WastDirective::AssertReturn { exec, .. }
        | WastDirective::AssertException { exec, .. }
        | WastDirective::AssertSuspension { exec, .. } => match exec {
            WastExecute::Wat(module) => Some(plain(module)),
            WastExecute::Invoke(_) | WastExecute::Get { .. } => None,
        },
        WastDirective::ModuleInstance { .. }
        | WastDirective::Register { .. }
        | WastDirective::Invoke(_)
        | WastDirective::AssertExhaustion { .. }
        | WastDirective::Thread(_)
        | WastDirective::Wait { .. } => None,
    }
}

fn quoted<'a>(module: &mut QuoteWat<'a>) -> Source<'a> {
    let name = module.name().map(|id| id.name());
    Source { name, bytes: module.encode().map_err(|error| error.message()) }
}

fn plain<'a>(module: &mut Wat<'a>) -> Source<'a> {
    let name = match module {
        Wat::Module(module) => module.id.map(|id| id.name()),
        Wat::Component(_) => None,
    };
    Source { name, bytes: module.encode().map_err(|error| error.message()) }
}
