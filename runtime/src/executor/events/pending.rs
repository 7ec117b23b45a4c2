//! What of an action's events waits for the control plane, in the action's own status: encoded, oldest first.
//!
//! The list is written in the patch of the transition that it tells of, so it is bounded: when it grows, the oldest events are
//! reduced to what the receiver cannot do without. None is ever dropped.

use dataplane_proto::flyteidl2::workflow::ActionEvent;
use prost::Message as _;
use tracing::warn;

use super::shortening::{fit, reduce};

/// Bytes of one action's list, of the 1.5 MiB that an object may have at most.
const LIST: usize = 192 << 10;

/// Adds an event behind the others.
pub fn push(pending: &mut Vec<Vec<u8>>, event: &ActionEvent) {
    pending.push(fit(event.clone()).encode_to_vec());
    let mut total = size(pending);
    for bytes in pending.iter_mut() {
        if total <= LIST {
            return;
        }
        total -= reduce_one(bytes);
    }
}

/// Reduces all of them. Whether that made any of them smaller.
pub fn reduce_all(pending: &mut [Vec<u8>]) -> bool {
    let saved: usize = pending.iter_mut().map(reduce_one).sum();
    saved > 0
}

/// How many bytes that saved.
fn reduce_one(bytes: &mut Vec<u8>) -> usize {
    let Ok(event) = ActionEvent::decode(bytes.as_slice()) else {
        return 0;
    };
    let reduced = reduce(&event).encode_to_vec();
    let Some(saved) = bytes.len().checked_sub(reduced.len()) else {
        return 0;
    };
    *bytes = reduced;
    saved
}

/// The events, oldest first. What is no event (somebody wrote into the status) is passed over: it could never be delivered.
pub fn read(pending: &[Vec<u8>]) -> Vec<ActionEvent> {
    pending
        .iter()
        .filter_map(|bytes| match ActionEvent::decode(bytes.as_slice()) {
            Ok(event) if event.id.is_some() => Some(event),
            _ => {
                warn!(
                    bytes = bytes.len(),
                    "what waits for the control plane is no event"
                );
                None
            }
        })
        .collect()
}

/// Whether so much waits that no new pod of this action may start, however much room the others have.
pub fn is_full(pending: &[Vec<u8>]) -> bool {
    size(pending) > LIST
}

fn size(pending: &[Vec<u8>]) -> usize {
    pending.iter().map(Vec::len).sum()
}

#[cfg(test)]
mod tests {
    use dataplane_proto::flyteidl2::{
        common::ActionIdentifier,
        workflow::{ClusterEvent, ErrorInfo},
    };
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn event(version: u32, message: usize) -> ActionEvent {
        ActionEvent {
            id: Some(ActionIdentifier {
                name: "a0".to_owned(),
                run: None,
            }),
            attempt: 1,
            version,
            error_info: Some(ErrorInfo {
                message: "é".repeat(message),
                ..ErrorInfo::default()
            }),
            cluster_events: vec![ClusterEvent::default()],
            ..ActionEvent::default()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn nothing_is_lost_and_the_order_stays(messages in vec(0usize..12_000, 0..80)) {
            let mut pending = Vec::new();
            for (version, message) in (0..).zip(&messages) {
                push(&mut pending, &event(version, *message));
            }
            let read = read(&pending);
            let versions: Vec<u32> = read.iter().map(|event| event.version).collect();
            prop_assert_eq!(versions, (0..).take(messages.len()).collect::<Vec<u32>>());
            prop_assert!(!is_full(&pending), "{} bytes", size(&pending));
            // What fits as it is stays as it is.
            if messages.iter().sum::<usize>() * 2 + messages.len() * 60 < LIST
                && messages.iter().all(|message| message * 2 < 15_000)
            {
                for (event, message) in read.iter().zip(&messages) {
                    prop_assert_eq!(event.error_info.as_ref().unwrap().message.len(), message * 2);
                }
            }
        }

        #[test]
        fn garbage_between_events_hides_none_of_them(garbage in vec(any::<u8>(), 0..60)) {
            let mut pending = vec![garbage];
            push(&mut pending, &event(5, 1));
            let read = read(&pending);
            prop_assert_eq!(read.last().map(|event| event.version), Some(5));
        }
    }

    #[test]
    fn the_newest_are_the_last_to_be_reduced() {
        let mut pending = Vec::new();
        for version in 0..40 {
            push(&mut pending, &event(version, 3_500));
        }
        let read = read(&pending);
        assert!(read[0].cluster_events.is_empty(), "the oldest is reduced");
        assert_eq!(
            read[39].error_info.as_ref().unwrap().message.len(),
            7_000,
            "the newest is whole"
        );
    }

    #[test]
    fn an_action_that_never_stops_to_fail_is_held_back() {
        let mut pending = Vec::new();
        let mut count = 0;
        while !is_full(&pending) {
            push(&mut pending, &event(count, 100));
            count += 1;
            assert!(count < 10_000, "the list grows without end");
        }
        assert!(count > 500, "{count} transitions are few");
        assert!(size(&pending) < LIST + super::super::shortening::EVENT);
        assert_eq!(read(&pending).len(), usize::try_from(count).unwrap());
    }
}
