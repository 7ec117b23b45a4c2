//! One call of an action at which a test stops everything: it is held, so that the test can kill who made it.

use std::{
    future::pending,
    sync::{
        Arc, OnceLock,
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
    also: &'static str,
    nth: usize,
    side: Side,
    seen: AtomicUsize,
    is_held: AtomicBool,
    call: OnceLock<HaltedCall>,
}

/// The call that came to its halt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HaltedCall {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub body: Vec<u8>,
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
        Self::at_both(text, "", nth, side)
    }

    /// The nth call with both texts in it, from 1.
    pub fn at_both(text: &str, also: &'static str, nth: usize, side: Side) -> Self {
        Self(Arc::new(Inner {
            text: text.to_owned(),
            also,
            nth,
            side,
            seen: AtomicUsize::new(0),
            is_held: AtomicBool::new(false),
            call: OnceLock::new(),
        }))
    }

    /// The call, once it was made.
    pub fn call(&self) -> Option<&HaltedCall> {
        self.0.call.get()
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
    pub(super) fn side_of(&self, method: &str, target: &str, body: &[u8]) -> Option<Side> {
        let is_in = |text: &str, place: &[u8]| {
            let mut parts = place.windows(text.len().max(1));
            text.is_empty() || parts.any(|part| part == text.as_bytes())
        };
        let says = |text| is_in(text, target.as_bytes()) || is_in(text, body);
        if !says(&self.0.text) || !says(self.0.also) {
            return None;
        }
        let number = self.0.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if number != self.0.nth {
            return None;
        }
        self.0.call.get_or_init(|| HaltedCall {
            method: method.to_owned(),
            target: target.to_owned(),
            body: body.to_owned(),
        });
        Some(self.0.side)
    }

    /// The halt that a call comes to, of those that are set; it counts for all of them.
    pub(super) fn among(
        halts: &[Self],
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Option<(Self, Side)> {
        let mut found = None;
        for halt in halts {
            if let Some(side) = halt.side_of(method, target, body) {
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
        assert_eq!(halt.side_of("GET", "/apis/taskactions/f1-a0", b""), None);
        assert_eq!(halt.side_of("GET", "/apis/taskactions/f2-a0", b""), None);
        assert!(!halt.was_reached());
        assert_eq!(
            halt.side_of("POST", "/api/pods", b"{\"name\":\"/f1-a0-0\"}"),
            Some(Side::After)
        );
        assert_eq!(halt.side_of("GET", "/apis/taskactions/f1-a0", b""), None);
        assert!(halt.was_reached() && !halt.is_held());
        let both = Halt::at_both("/f1-a0", "labels", 1, Side::Before);
        assert_eq!(both.side_of("PATCH", "/f1-a0", b"status"), None);
        let side = both.side_of("PATCH", "/f1-a0", b"{ labels }");
        assert_eq!(side, Some(Side::Before));
        let call = halt.call().unwrap();
        assert_eq!((&*call.method, &*call.target), ("POST", "/api/pods"));
    }
}
