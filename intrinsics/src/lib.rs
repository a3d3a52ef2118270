//! Which calls are replaced, and by which tree; import and export rules; witx tables.
