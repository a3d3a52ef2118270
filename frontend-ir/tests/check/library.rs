//! The library's own text has no mistakes.

use swasm_frontend_ir::render;

use super::library;

#[test]
fn the_whole_library_is_right() {
    let library = library();
    let said: String = library
        .check_all()
        .iter()
        .map(|diagnostic| render::human(diagnostic, &*library, false))
        .collect();
    assert!(said.is_empty(), "{said}");
}
