//! The behaviour that every backend has to show: a suite per capability, run on memory here and on emulators by each
//! cloud's crate.
