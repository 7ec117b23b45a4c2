//! One test per rule of planning.
