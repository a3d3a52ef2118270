//! swasm: the backend a language implementer picks to target WASI.
