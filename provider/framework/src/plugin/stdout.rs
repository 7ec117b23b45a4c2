//! Standard output belongs to the handshake: only this file writes there.

use std::io::{self, Write};

/// Prints a line and flushes it.
pub(super) fn line(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(format!("{text}\n").as_bytes())?;
    stdout.flush()
}
