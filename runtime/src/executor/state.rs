//! What the executor remembers of an action between two looks: in `status.pluginState`, which is its own.

use dataplane_api::task_action::TaskActionStatus;
use k8s_openapi::{ByteString, jiff::Timestamp};
use prost::Message;

/// Tells our state from that of Flyte's executor, whose versions count from one.
const VERSION: u32 = 100;

/// What is remembered besides the status that all can read.
#[derive(Clone, PartialEq, Message)]
pub struct State {
    /// Pods of this attempt that were given up.
    #[prost(uint32, tag = "1")]
    pub round: u32,
    /// Whether a pod of this attempt was seen.
    #[prost(bool, tag = "2")]
    pub started: bool,
    /// uid of a pod that was given up: its name is free for the next one when it is gone.
    #[prost(string, tag = "3")]
    pub discarded: String,
    /// Before this time no pod is made, in seconds.
    #[prost(int64, tag = "4")]
    pub(super) not_before: i64,
    /// What of the current phase has been told besides that it began.
    #[prost(string, repeated, tag = "5")]
    pub told: Vec<String>,
    /// Whether the abort is among the events that were told or are pending.
    #[prost(bool, tag = "6")]
    pub aborted: bool,
    /// What the error is told by that an earlier pod of this attempt left; empty for none.
    #[prost(string, tag = "7")]
    pub left: String,
    /// Events that the control plane has not taken yet, oldest first.
    #[prost(bytes = "vec", repeated, tag = "15")]
    pub pending: Vec<Vec<u8>>,
}

impl State {
    /// An action that another executor began has a state that says nothing here: its status and its pods do.
    pub fn read(status: &TaskActionStatus) -> Self {
        status
            .plugin_state
            .as_ref()
            .filter(|_| status.plugin_state_version == VERSION)
            .and_then(|bytes| Self::decode(bytes.0.as_slice()).ok())
            .unwrap_or_default()
    }

    pub fn write(&self, status: &mut TaskActionStatus) {
        let bytes = self.encode_to_vec();
        let empty = bytes.is_empty();
        status.plugin_state = (!empty).then_some(ByteString(bytes));
        status.plugin_state_version = if empty { 0 } else { VERSION };
    }

    /// How many events are pending, without reading them.
    pub fn pending_of(status: &TaskActionStatus) -> usize {
        Self::read(status).pending.len()
    }

    /// For the next attempt. What is pending stays.
    pub fn next_attempt(&mut self) {
        *self = Self {
            pending: std::mem::take(&mut self.pending),
            ..Self::default()
        };
    }

    pub fn not_before(&self) -> Option<Timestamp> {
        if self.not_before == 0 {
            return None;
        }
        Timestamp::from_second(self.not_before).ok()
    }

    pub fn wait_until(&mut self, time: Timestamp) {
        // Rounded up: a pause is never cut short.
        self.not_before = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_status() {
        let mut state = State {
            round: 3,
            started: true,
            discarded: "uid".to_owned(),
            told: vec!["ErrImagePull".to_owned()],
            pending: vec![vec![1], vec![2, 3]],
            ..State::default()
        };
        state.wait_until("2026-01-02T03:04:05.5Z".parse().unwrap());
        let mut status = TaskActionStatus::default();
        state.write(&mut status);
        assert_eq!(State::read(&status), state);
        assert_eq!(State::pending_of(&status), 2);
        assert_eq!(
            state.not_before(),
            Some("2026-01-02T03:04:06Z".parse().unwrap())
        );
    }

    #[test]
    fn an_empty_state_takes_no_room() {
        let mut status = TaskActionStatus::default();
        State::default().write(&mut status);
        assert_eq!(status, TaskActionStatus::default());
    }

    #[test]
    fn the_state_of_another_executor_says_nothing() {
        let status = TaskActionStatus {
            plugin_state: Some(ByteString(vec![8, 1])),
            plugin_state_version: 1,
            ..TaskActionStatus::default()
        };
        assert_eq!(State::read(&status), State::default());
        let garbage = TaskActionStatus {
            plugin_state: Some(ByteString(vec![0xff; 9])),
            plugin_state_version: VERSION,
            ..TaskActionStatus::default()
        };
        assert_eq!(State::read(&garbage), State::default());
    }

    #[test]
    fn the_next_attempt_begins_anew_with_what_is_pending() {
        let mut state = State {
            round: 2,
            started: true,
            pending: vec![vec![1]],
            ..State::default()
        };
        state.next_attempt();
        assert_eq!(
            state,
            State {
                pending: vec![vec![1]],
                ..State::default()
            }
        );
    }
}
