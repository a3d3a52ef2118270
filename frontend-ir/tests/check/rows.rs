//! The examples of the table of codes: the ones that fail give their code, the others are accepted.

use swasm_frontend_ir::codes;

use super::{rendered, verdict};

#[test]
fn examples_do_what_they_say() {
    let mut wrong = String::new();
    for row in codes::ALL {
        let mut rest = row.text;
        while let Some((_, block)) = rest.split_once("```swir") {
            let (head, block) = block.split_once('\n').unwrap();
            let (text, after) = block.split_once("```").unwrap();
            rest = after;
            let said = verdict(text);
            let code = row.code.to_string();
            let fine = match head {
                ",fails" => said.split(' ').any(|said| said.split('@').next() == Some(&code)),
                _ => said.split(' ').all(|said| {
                    said.is_empty()
                        || ["SW0250", "SW0251", "SW0252", "SW0253"]
                            .contains(&said.split('@').next().unwrap())
                }),
            };
            if !fine {
                wrong += &format!("--- {code}{head}\n{text}said: {said}\n{}\n", rendered(text));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn codes_are_in_order_and_differ() {
    assert!(codes::ALL.is_sorted_by(|a, b| a.code < b.code || a.code.0 / 100 > b.code.0 / 100));
    let mut numbers: Vec<u16> = codes::ALL.iter().map(|row| row.code.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), codes::ALL.len());
}
