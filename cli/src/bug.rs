//! A panic ⇒ words for whoever hit it: that it is our bug, and what reproduces it.

use std::ffi::OsString;
use std::panic::PanicHookInfo;

/// Replaces Rust's message by ours, for all threads.
pub(crate) fn report_panics(words: &[OsString]) {
    let command = command(words);
    std::panic::set_hook(Box::new(move |info| crate::report::say(&text(info, &command))));
}

fn text(info: &PanicHookInfo<'_>, command: &str) -> String {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = info
        .location()
        .map(|location| format!(" (at {}:{})", location.file(), location.line()))
        .unwrap_or_default();
    format!(
        "error: internal error: {}{place}\n\
         This is a bug of swasm {}, not of your program. Please report it, with the files that this command reads:\n    {command}\n",
        message.unwrap_or("a panic without a message"),
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
            command.push_str(&word)
        } else {
            command.push_str(&format!("'{}'", word.replace('\'', "'\\''")))
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
}
