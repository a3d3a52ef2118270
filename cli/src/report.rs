//! Diagnostics ⇒ standard error, in the form and colours that were asked for.

use std::io::Write;

use anstream::ColorChoice;
use swasm::Diagnostics;

use crate::args::{Color, MessageFormat};

/// How to talk to the user.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    format: MessageFormat,
}

impl Report {
    /// Makes the choice of colours the process's.
    pub(crate) fn new(format: MessageFormat, color: Color) -> Self {
        match color {
            // `NO_COLOR`, `CLICOLOR` and what the terminal can do are anstream's business.
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        Self { format }
    }

    /// Writes them. That nobody reads standard error is no reason to fail.
    pub(crate) fn diagnostics(self, diagnostics: &Diagnostics) {
        let text = match self.format {
            MessageFormat::Human => diagnostics.human(true),
            MessageFormat::Short => diagnostics.short(),
            MessageFormat::Json => diagnostics.json(),
        };
        let _ = anstream::stderr().lock().write_all(text.as_bytes());
    }

    /// What is wrong with the command line, beyond what clap knows.
    pub(crate) fn usage(self, message: &str) {
        let _ = writeln!(
            anstream::stderr().lock(),
            "error: {message}\n\nFor more information, try '--help'."
        );
    }
}

/// Says something on standard error. That nobody listens is no reason to fail.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
