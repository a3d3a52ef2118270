//! A panic ⇒ words for whoever hit it: that it is our bug, and what reproduces it.

use std::ffi::OsString;

use crate::report;

/// Replaces Rust's message by ours, for all threads.
pub(crate) fn report_panics(words: &[OsString]) {
    let command = command(words);
    std::panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let place = info.location().map(|at| format!(" (at {}:{})", at.file(), at.line()));
        report::say(&message(
            text.unwrap_or("a panic without a message"),
            &place.unwrap_or_default(),
            &command,
        ));
    }));
}

fn message(text: &str, place: &str, command: &str) -> String {
    format!(
        "error: internal error: {text}{place}\n\
         This is a bug of swasm {}, not of your program. Please report it, with the files and the input that this command reads:\n    {command}\n",
        env!("CARGO_PKG_VERSION"),
    )
}

/// The command line, as a shell takes it.
fn command(words: &[OsString]) -> String {
    let mut command = "swasm".to_owned();
    for word in words.iter().skip(1) {
        let word = word.to_string_lossy();
        let plain = !word.is_empty()
            && word.chars().all(|c| c.is_alphanumeric() || "-_./=:,+@%".contains(c));
        command.push(' ');
        if plain {
            command.push_str(&word);
        } else {
            command.push_str(&format!("'{}'", word.replace('\'', "'\\''")));
        }
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted() {
        let words = ["/usr/bin/swasm", "run", "a b.swir", "-O2", "it's", ""].map(OsString::from);
        assert_eq!(command(&words), "swasm run 'a b.swir' -O2 'it'\\''s' ''");
    }

    #[test]
    fn a_bug_is_called_a_bug_and_can_be_repeated() {
        let said = message("index out of bounds", " (at a.rs:3)", "swasm build x.swir");
        assert!(said.starts_with(
            "error: internal error: index out of bounds (at a.rs:3)\nThis is a bug of swasm "
        ));
        assert!(said.ends_with("\n    swasm build x.swir\n"));
    }
}
