//! `swasm explain`: a code ⇒ cause and cure.

use swasm::codes;

use crate::args::Explain;
use crate::{Failure, output};

/// Prints the code's row of the table, or all titles.
pub(crate) fn explain(explain: &Explain) -> Result<i32, Failure> {
    let Some(code) = &explain.code else {
        let rows: String =
            codes::ALL.iter().map(|row| format!("{}: {}\n", row.code, row.title)).collect();
        output::stdout(rows.as_bytes())?;
        return Ok(0);
    };
    let wanted = code.to_uppercase();
    match codes::ALL.iter().find(|row| row.code.to_string() == wanted) {
        Some(row) => output::stdout(
            format!("{}: {}\n\n{}\n", row.code, row.title, row.text.trim()).as_bytes(),
        )
        .map(|()| 0),
        None => {
            Err(Failure::Usage(format!("there is no code `{code}`; `swasm explain` lists all")))
        }
    }
}
