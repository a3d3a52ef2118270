//! What a checked program promises to those who lower it, held for the library, for all programs of the repository and for some odd ones.

use std::path::{Path, PathBuf};

use swasm_frontend_ir::checked::{
    Body, Checked, Constant, Def, DefId, ExprId, ExprKind, FunctionKind, Type, ValueType,
};

use super::{library, program};

/// Calls `each` for the parts of an expression, in the order in which they are evaluated.
fn parts(body: &Body, id: ExprId, mut each: impl FnMut(ExprId)) {
    match &body[id].kind {
        ExprKind::Int(_)
        | ExprKind::Float(_)
        | ExprKind::Constant(_)
        | ExprKind::Config(_)
        | ExprKind::Local(_)
        | ExprKind::Static(_)
        | ExprKind::Let(_, None)
        | ExprKind::Break(_, None)
        | ExprKind::Continue(_)
        | ExprKind::Return(None) => (),
        ExprKind::Neg(a)
        | ExprKind::Not(a)
        | ExprKind::Cast(a)
        | ExprKind::Let(_, Some(a))
        | ExprKind::Loop(a)
        | ExprKind::Break(_, Some(a))
        | ExprKind::Return(Some(a))
        | ExprKind::Become(a)
        | ExprKind::Field(a, _)
        | ExprKind::Scope(_, a, _) => each(*a),
        ExprKind::Binary(_, a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Assign(a, b)
        | ExprKind::AssignOp(_, a, b)
        | ExprKind::While(a, b)
        | ExprKind::Element(a, _, b) => [*a, *b].into_iter().for_each(each),
        ExprKind::Block { statements, tail } => {
            body[*statements].iter().copied().chain(*tail).for_each(each)
        }
        ExprKind::If(a, b, c) => [*a, *b].into_iter().chain(*c).for_each(each),
        ExprKind::LetStruct(it) => each(it.value),
        ExprKind::Match(it) => {
            each(it.scrutinee);
            for arm in &it.arms {
                arm.guard.into_iter().chain([arm.value]).for_each(&mut each);
            }
        }
        ExprKind::For(it) => [it.start, it.end, it.body].into_iter().for_each(each),
        ExprKind::Call(_, list) | ExprKind::Wasm(_, list) => {
            body[*list].iter().copied().for_each(each)
        }
        ExprKind::CallPointer(callee, list) => {
            std::iter::once(*callee).chain(body[*list].iter().copied()).for_each(each)
        }
        ExprKind::Struct(it) => it.fields.iter().map(|field| field.1).for_each(each),
    }
}

struct Holder<'a> {
    checked: &'a Checked,
    body: &'a Body,
    result: &'a Type,
    at: String,
    open: Vec<ExprId>,
    parents: Vec<u8>,
}

impl Holder<'_> {
    fn is(&self, id: ExprId, ty: &Type) {
        let found = self.body.ty(id);
        assert!(
            found == ty || *found == Type::Never,
            "{}: {id:?} is {found:?}, not {ty:?}",
            self.at
        );
    }

    fn visit(&mut self, id: ExprId) {
        let body = self.body;
        let expr = &body[id];
        self.parents[id.index()] += 1;
        assert_eq!(self.parents[id.index()], 1, "{}: {id:?} has two parents", self.at);
        assert_ne!(body[expr.ty], Type::Error, "{}: {id:?}", self.at);
        self.open.push(id);
        let mut ids = Vec::new();
        parts(body, id, |part| ids.push(part));
        for part in ids {
            assert!(part < id, "{}: a part stands before the whole", self.at);
            self.visit(part);
        }
        self.open.pop();
        self.types(id);
    }

    fn types(&self, id: ExprId) {
        let body = self.body;
        let ty = body.ty(id);
        let bool = Type::Value(ValueType::Bool);
        let encloses = |target: &ExprId| {
            assert!(self.open.contains(target), "{}: a jump to what is not around it", self.at)
        };
        match &body[id].kind {
            ExprKind::Int(bits) => match ty {
                Type::Value(ValueType::I64 | ValueType::U64) => (),
                Type::Value(ValueType::Bool) => assert!(*bits < 2),
                Type::Value(ValueType::Char) => assert!(char::from_u32(*bits as u32).is_some()),
                Type::Value(ValueType::I8) => assert_eq!(*bits, *bits as i8 as u64),
                Type::Value(ValueType::I16) => assert_eq!(*bits, *bits as i16 as u64),
                Type::Value(ValueType::I32) => {
                    assert_eq!(*bits, *bits as i32 as u64, "{}", self.at)
                }
                Type::Value(ValueType::U8) => assert_eq!(*bits, u64::from(*bits as u8)),
                Type::Value(ValueType::U16) => assert_eq!(*bits, u64::from(*bits as u16)),
                Type::Value(ValueType::U32 | ValueType::Addr) => {
                    assert_eq!(*bits, u64::from(*bits as u32))
                }
                other => panic!("{}: an integer of {other:?}", self.at),
            },
            ExprKind::Float(_) => {
                assert!(matches!(ty, Type::Value(ValueType::F32 | ValueType::F64)), "{}", self.at)
            }
            ExprKind::Local(local) => assert_eq!(ty, body.local_type(*local), "{}", self.at),
            ExprKind::Neg(a) | ExprKind::Not(a) => self.is(*a, ty),
            ExprKind::And(a, b) | ExprKind::Or(a, b) => {
                self.is(*a, &bool);
                self.is(*b, &bool);
            }
            ExprKind::Binary(op, a, b) => {
                use swasm_frontend_ir::checked::BinaryOp::{Eq, Ge, Gt, Le, Lt, Ne, Shl, Shr};
                let compares = matches!(op, Eq | Ne | Lt | Le | Gt | Ge);
                if !matches!(op, Shl | Shr) && *body.ty(*a) != Type::Never {
                    self.is(*b, body.ty(*a));
                }
                if compares {
                    assert_eq!(*ty, bool);
                } else if *ty != Type::Never {
                    self.is(*a, ty);
                }
            }
            ExprKind::Assign(place, value) => {
                assert!(matches!(
                    body[*place].kind,
                    ExprKind::Local(_)
                        | ExprKind::Static(_)
                        | ExprKind::Field(..)
                        | ExprKind::Element(..)
                ));
                self.is(*value, body.ty(*place));
            }
            ExprKind::Block { tail: Some(tail), .. } => self.is(*tail, ty),
            ExprKind::Let(local, Some(value)) => self.is(*value, body.local_type(*local)),
            ExprKind::If(condition, yes, no) => {
                self.is(*condition, &bool);
                self.is(*yes, ty);
                no.iter().for_each(|no| self.is(*no, ty));
            }
            ExprKind::Match(it) => {
                for arm in &it.arms {
                    self.is(arm.value, ty);
                    arm.guard.iter().for_each(|guard| self.is(*guard, &bool));
                }
            }
            ExprKind::Loop(inner) => self.is(*inner, &Type::Unit),
            ExprKind::While(condition, inner) => {
                self.is(*condition, &bool);
                self.is(*inner, &Type::Unit);
            }
            ExprKind::For(it) => {
                self.is(it.start, body.local_type(it.local));
                self.is(it.end, body.local_type(it.local));
                self.is(it.body, &Type::Unit);
            }
            ExprKind::Break(target, value) => {
                encloses(target);
                value.iter().for_each(|value| self.is(*value, body.ty(*target)));
            }
            ExprKind::Continue(target) => {
                encloses(target);
                assert!(!matches!(body[*target].kind, ExprKind::Block { .. }));
            }
            ExprKind::Return(value) => match value {
                Some(value) => self.is(*value, self.result),
                None => assert_eq!(*self.result, Type::Unit),
            },
            ExprKind::Become(call) => self.is(*call, self.result),
            ExprKind::Call(def, list) => {
                let signature = &self.checked.function(*def).signature;
                assert_eq!(body[*list].len(), signature.params.len(), "{}", self.at);
                body[*list].iter().zip(&signature.params).for_each(|(id, ty)| self.is(*id, ty));
                assert_eq!(*ty, signature.result);
            }
            ExprKind::Field(base, index) => {
                let Type::Struct(def) = *body.ty(*base) else {
                    panic!("{}: a field of no struct", self.at)
                };
                assert_eq!(self.checked.structure(def).fields[*index as usize].1, *ty);
            }
            ExprKind::Struct(it) => {
                let Type::Struct(def) = ty else { panic!("{}: a struct of no struct", self.at) };
                let structure = self.checked.structure(*def);
                assert_eq!(structure.fields.len(), it.fields.len());
                it.fields.iter().for_each(|(index, value)| {
                    self.is(*value, &structure.fields[*index as usize].1)
                });
            }
            ExprKind::Constant(_)
            | ExprKind::Config(_)
            | ExprKind::Static(_)
            | ExprKind::Cast(_)
            | ExprKind::AssignOp(..)
            | ExprKind::Block { tail: None, .. }
            | ExprKind::LetStruct(..)
            | ExprKind::Let(_, None)
            | ExprKind::CallPointer(..)
            | ExprKind::Element(..)
            | ExprKind::Scope(..)
            | ExprKind::Wasm(..) => (),
        }
    }
}

fn hold(checked: &Checked, def: DefId) {
    let Def::Function(function) = checked.def(def) else { return };
    if !matches!(function.kind, FunctionKind::Body) {
        return;
    }
    let body = checked.body(def);
    let mut holder = Holder {
        checked,
        body,
        result: &function.signature.result,
        at: function.path.to_string(),
        open: Vec::new(),
        parents: vec![0; body.exprs.len()],
    };
    for (local, param) in body.locals.iter().zip(&function.signature.params) {
        assert_eq!(body[local.ty], *param);
    }
    holder.is(body.root, &function.signature.result);
    holder.visit(body.root);
}

fn hold_program(checked: &Checked) {
    for module in checked.program_modules() {
        for def in checked.definitions(module) {
            hold(checked, def);
            if let Def::Global(global) = checked.def(def) {
                assert_ne!(global.ty, Type::Error);
                assert_eq!(
                    global.data.is_some(),
                    matches!(&global.value, Constant::Segment(key) if *key == swasm_frontend_ir::checked::DataKey::Item(def))
                );
            }
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "swir") {
            found.push(path);
        }
    }
}

#[test]
fn of_the_library() {
    let library = library();
    let (_, checked) = program("fn f() {}");
    let checked = checked.unwrap();
    for module in 0..library.len() as u32 {
        for def in checked.definitions(swasm_frontend_ir::ModuleId(module)) {
            hold(&checked, def);
        }
    }
}

#[test]
fn of_the_programs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    sources(&root.join("examples"), &mut files);
    sources(&root.join("tests"), &mut files);
    let mut held = 0;
    for file in files {
        // What does not stand alone, or is wrong on purpose, is no matter of this test.
        if let Ok(text) = String::from_utf8(std::fs::read(file).unwrap())
            && let (mistakes, Ok(checked)) = program(&text)
            && mistakes.is_empty()
        {
            hold_program(&checked);
            held += 1;
        }
    }
    assert!(held > 5, "only {held} programs");
}

#[test]
fn of_odd_programs() {
    for text in [
        "fn f(x: u64) -> bool { 1 + 2 * (5000000000 - 1) == x && -(1 + 2) == -(3) && !0 > 1 }",
        "fn f(x: f32) -> f32 { 1.5 + (2.5 * { 3.5 }) * x }",
        "fn f(c: u8, x: u64) -> bool { 3 == match c { 0 => 1, 1 => x, _ => 5000000000 } }",
        "fn f(x: i8) -> i8 { match x { -128..=-1 => -x, 0 => return 5, _ => 1 << 2 } }",
        "fn f(mut x: u64) -> u64 { x += 5000000000; x <<= 3; for i in 0..x { x -= i; } x }",
        "fn f(c: bool) -> u8 { 'a: loop { 'b: { if c { break 'a 1; } else { break 'b; } } loop { continue 'a; } } }",
        "fn f(c: bool) -> i32 { if c { return 1; } else if !c { return 2; } loop {} }",
        "fn f() -> i32 { let x; x = 3; let y: i32; y = x + return 4; y }",
        "struct P { x: i32, y: f64 }\nfn f(p: P) -> P { let P { y, .. } = p; let mut q = P { y, x: 1 }; q.x += 2; q }",
        "fn g(x: i32) -> i32 { x }\nfn f() -> i32 { let p: extern fn(i32) -> i32 = g; with_memory_allocator |m| { let s = m.allocate(4, 4); s.i32[0] = p(1); s.i32[0] } }",
    ] {
        let (said, checked) = program(text);
        assert!(said.is_empty(), "{text}");
        hold_program(&checked.unwrap());
    }
}
