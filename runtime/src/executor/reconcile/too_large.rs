//! A status that would make its resource larger than the cluster can keep: what can be done without is left out of it.
//!
//! A template may take up most of the room, and nothing of it is the executor's. Without the last write the resource could
//! never go.

use dataplane_api::task_action::TaskActionStatus;

use super::Look;
use crate::executor::events::{pending, shorten};

/// Bytes of a message that is left.
const MESSAGE: usize = 256;

/// Leaves out the messages of the history; when there are none, the details of events that wait, and most of the message of what
/// happened last. False when nothing is left that could be left out.
pub(super) fn shrink(look: &mut Look) -> bool {
    let status = &mut look.task.status;
    if forget_messages(status) {
        return true;
    }
    let mut shrunk = shorten_messages(status);
    shrunk |= pending::reduce_all(&mut look.state.pending);
    look.state.write(status);
    shrunk
}

/// The same for a status that has no events.
pub(super) fn shrink_texts(status: &mut TaskActionStatus) -> bool {
    forget_messages(status) || shorten_messages(status)
}

/// Those of the history.
fn forget_messages(status: &mut TaskActionStatus) -> bool {
    let mut shrunk = false;
    for entry in &mut status.phase_history {
        shrunk |= !std::mem::take(&mut entry.message).is_empty();
    }
    shrunk
}

/// Those of what happened last.
fn shorten_messages(status: &mut TaskActionStatus) -> bool {
    let messages = status
        .conditions
        .iter_mut()
        .map(|condition| &mut condition.message)
        .chain(status.error_state.as_mut().map(|error| &mut error.message));
    let mut shrunk = false;
    for message in messages.filter(|message| message.len() > MESSAGE) {
        *message = shorten(message, MESSAGE);
        shrunk = true;
    }
    shrunk
}
