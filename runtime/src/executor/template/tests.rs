//! Tests of reading a template.
