//! One call of an action at which a test stops everything: it is held, so that the test can kill who made it.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// On which side of its server a call is held.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The server never hears of it.
    Before,
    /// The deed is done, and the caller never hears of it.
    After,
}

/// The nth call with this text in it, from 1.
#[derive(Clone, Debug)]
pub struct Halt(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    text: String,
    nth: usize,
    side: Side,
    seen: AtomicUsize,
    is_held: AtomicBool,
}

/// The caller is gone.
struct Held<'a>(&'a AtomicBool);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Halt {
    pub fn at(text: &str, nth: usize, side: Side) -> Self {
        Self(Arc::new(Inner {
            text: text.to_owned(),
            nth,
            side,
            seen: AtomicUsize::new(0),
            is_held: AtomicBool::new(false),
        }))
    }

    /// Whether the call was made, and its caller still waits for the answer.
    pub fn is_held(&self) -> bool {
        self.0.is_held.load(Ordering::SeqCst)
    }

    /// Whether the call was made.
    pub fn was_reached(&self) -> bool {
        self.0.seen.load(Ordering::SeqCst) >= self.0.nth
    }

    /// Counts a call. The side on which it is to be held, if it is the one.
    pub(super) fn side_of(&self, target: &str, body: &[u8]) -> Option<Side> {
        let text = self.0.text.as_bytes();
        let is_in = |place: &[u8]| place.windows(text.len()).any(|part| part == text);
        if !is_in(target.as_bytes()) && !is_in(body) {
            return None;
        }
        let number = self.0.seen.fetch_add(1, Ordering::SeqCst) + 1;
        (number == self.0.nth).then_some(self.0.side)
    }

    /// The halt that a call comes to, of those that are set; it counts for all of them.
    pub(super) fn among(halts: &[Self], target: &str, body: &[u8]) -> Option<(Self, Side)> {
        let mut found = None;
        for halt in halts {
            if let Some(side) = halt.side_of(target, body) {
                found = Some((halt.clone(), side));
            }
        }
        found
    }

    /// Until the caller hangs up.
    pub(super) async fn hold(&self) {
        self.0.is_held.store(true, Ordering::SeqCst);
        let _held = Held(&self.0.is_held);
        pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nth_call_that_names_it_is_held() {
        let halt = Halt::at("/f1-a0", 2, Side::After);
        assert_eq!(halt.side_of("/apis/taskactions/f1-a0", b""), None);
        assert_eq!(halt.side_of("/apis/taskactions/f2-a0", b""), None);
        assert!(!halt.was_reached());
        assert_eq!(
            halt.side_of("/api/pods", b"{\"name\":\"/f1-a0-0\"}"),
            Some(Side::After)
        );
        assert_eq!(halt.side_of("/apis/taskactions/f1-a0", b""), None);
        assert!(halt.was_reached() && !halt.is_held());
    }
}
