;; The exceptions that engines had before `try_table`. Modules that hold them are read and written as they are.

(module
  (tag $number (param i32))
  (tag $pair (param i32 i64))
  (tag $empty)

  (func $fail (param i32) (throw $number (local.get 0)))

  (func (export "caught") (param i32) (result i32)
    try (result i32)
      local.get 0
      call $fail
      i32.const 0
    catch $number
    end)

  (func (export "caught all") (param i32) (result i32)
    try (result i32)
      local.get 0
      call $fail
      i32.const 1
    catch $pair
      drop
    catch_all
      i32.const 2
    end)

  (func (export "nothing catches") (result i32)
    try (result i32)
      i32.const 7
    end)

  (func (export "two values") (result i32 i64)
    try (result i32 i64)
      i32.const 1
      i64.const 2
      throw $pair
    catch $pair
    end)

  (func (export "block parameters") (param i32) (result i32)
    local.get 0
    try (param i32) (result i32)
      i32.eqz
      i32.const 1
      br_if 0
      drop
      i32.const 1
      br 0
    catch $empty
      i32.const 3
    end)

  (func (export "thrown again") (param i32) (result i32)
    try $outer (result i32)
      try (result i32)
        local.get 0
        call $fail
        i32.const 0
      catch $number
        drop
        rethrow 0
      catch_all
        rethrow 0
      end
    catch $number
      i32.const 1
      i32.add
    end)

  (func (export "thrown again from inside") (param i32) (result i32)
    try (result i32)
      local.get 0
      call $fail
      i32.const 0
    catch_all
      block (result i32)
        local.get 0
        i32.eqz
        if
          rethrow 2
        end
        i32.const 4
      end
    end)

  (func (export "delegated") (param i32) (result i32)
    try $outer (result i32)
      block (result i32)
        try (result i32)
          local.get 0
          call $fail
          i32.const 0
        delegate $outer
      end
    catch $number
    end)

  (func (export "delegated to the caller") (param i32)
    try
      local.get 0
      call $fail
    delegate 0)

  (func (export "a handler is a label") (param i32) (result i32)
    try $out (result i32)
      local.get 0
      call $fail
      i32.const 0
    catch $number
      br $out
    end)
)

(assert_invalid (module (func rethrow 0)) "invalid rethrow label")
(assert_invalid (module (func try rethrow 0 end)) "invalid rethrow label")
(assert_invalid (module (func try catch_all rethrow 1 end)) "invalid rethrow label")
(assert_invalid (module (func try catch 0 end)) "unknown tag")
(assert_invalid (module (func try delegate 5)) "unknown label")
(assert_invalid (module (tag (param i32)) (func try catch 0 end)) "type mismatch")
(assert_invalid (module (func try (result i32) i32.const 0 catch_all end drop)) "type mismatch")
(assert_malformed (module quote "(func catch_all end)") "unexpected token")
