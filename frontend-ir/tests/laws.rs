//! The laws of the language's three doors, held by random modules.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "tests")]

mod common;

use common::cases;
use swasm_frontend_ir::ir::{ItemKind, Module};
use swasm_frontend_ir::{ModuleId, Sources, outline, parse, print, render};

struct One<'m>(&'m Module);
impl Sources for One<'_> {
    fn source(&self, _: ModuleId) -> &swasm_frontend_ir::Source {
        &self.0.source
    }
}

fn reparsed(text: &str) -> Module {
    let parsed = parse("t.swir", text, ModuleId(0));
    if let Some(diagnostic) = parsed.diagnostics.first() {
        panic!("{text}\n{}", render::human(diagnostic, &One(&parsed.module), false));
    }
    parsed.module
}

#[test]
fn what_is_printed_parses_to_the_same() {
    cases(5_000, |u| {
        let module = common::generate::module(u)?;
        let text = print(&module);
        let again = reparsed(&text);
        let printed = print(&again);
        assert!(text == printed, "{text}\n---\n{printed}");
        assert!(module == again, "{text}");
        Ok(())
    });
}

#[test]
fn the_builder_says_all_that_the_text_says() {
    cases(5_000, |u| {
        let module = common::generate::module(u)?;
        let built = common::rebuild::rebuild(&module);
        if let Some(diagnostic) = built.diagnostics.first() {
            panic!("{}\n{}", print(&module), render::human(diagnostic, &One(&built.module), false));
        }
        assert!(module == built.module, "{}\n---\n{}", print(&module), print(&built.module));
        Ok(())
    });
}

#[test]
fn modules_that_differ_are_unequal() {
    // Equality is what the other laws rest on: it must see whatever printing shows.
    cases(2_000, |u| {
        let (a, b) = (common::generate::module(u)?, common::generate::module(u)?);
        assert_eq!(a == b, print(&a) == print(&b), "{}\n---\n{}", print(&a), print(&b));
        Ok(())
    });
}

#[test]
fn outlines_agree_with_parsing() {
    cases(2_000, |u| {
        let text = print(&common::generate::module(u)?);
        let module = reparsed(&text);
        let items: usize = module
            .items
            .iter()
            .map(|item| match &item.kind {
                ItemKind::Impl(it) => it.items.len(),
                _ => 1,
            })
            .sum();
        let outline = outline(&text);
        assert_eq!(outline.items.len(), items, "{text}\n{outline:?}");
        for entry in outline.items {
            let one = swasm_frontend_ir::parse_item(
                "t.swir",
                text.as_str().into(),
                entry.range.clone(),
                ModuleId(0),
            );
            assert!(
                one.diagnostics.is_empty() && one.module.items.len() == 1,
                "{}",
                &text[entry.range]
            );
        }
        Ok(())
    });
}
