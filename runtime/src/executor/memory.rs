//! Room for actions that are looked at whole: with their templates, and the pods that are made of them.
//!
//! Hundreds of looks are taken at once, and each call that writes an action answers with all of it. Small ones are known to have
//! room together; a large one waits until there is room for it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of all large ones together.
const ALL: usize = 96 << 20;
/// Bytes of one that has room in any case: as many as are looked at at once have 64 MiB.
const SMALL: usize = 128 << 10;
/// What is counted.
const UNIT: usize = 1 << 10;

pub struct Memory {
    room: Arc<Semaphore>,
    units: u32,
}

impl Default for Memory {
    fn default() -> Self {
        Self::of(ALL)
    }
}

impl Memory {
    fn of(bytes: usize) -> Self {
        let units = bytes / UNIT;
        Self {
            room: Arc::new(Semaphore::new(units)),
            units: u32::try_from(units).unwrap_or(u32::MAX),
        }
    }

    /// Waits until there is room for so many bytes, which is there again when the answer is dropped. More than all of it waits for
    /// all of it.
    pub async fn hold(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        if bytes <= SMALL {
            return None;
        }
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room);
        // It is never closed.
        room.acquire_many_owned(units.min(self.units)).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use futures::future::join_all;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn large_ones_wait_for_room_and_small_ones_do_not() {
        const LARGE: usize = 4 << 20;
        let memory = Memory::of(64 << 20);
        let (held, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let looks = (0..512).map(|_| async {
            let room = memory.hold(LARGE).await;
            let now = held.fetch_add(LARGE, Ordering::SeqCst) + LARGE;
            most.fetch_max(now, Ordering::SeqCst);
            tokio::time::timeout(Duration::from_secs(10), std::future::pending::<()>())
                .await
                .unwrap_err();
            held.fetch_sub(LARGE, Ordering::SeqCst);
            drop(room);
        });
        let small = async {
            tokio::task::yield_now().await;
            assert!(memory.hold(SMALL).await.is_none());
            assert_eq!(memory.room.available_permits(), 0);
        };
        tokio::join!(join_all(looks), small);
        assert_eq!(most.load(Ordering::SeqCst), 64 << 20);
        assert!(memory.hold(1 << 30).await.is_some(), "it has all of it");
    }
}
