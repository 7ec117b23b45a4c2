//! Texts and events that are cut to a size, so that no task can make an event that nobody takes.

use dataplane_proto::flyteidl2::{
    core::LogContext,
    workflow::{ActionEvent, ErrorInfo},
};
use prost::Message as _;

/// An error's message: enough for a traceback's beginning and the end of it, which says what happened.
pub const MESSAGE: usize = 8 << 10;
/// An error's code.
pub const CODE: usize = 256;
/// Why a transition happened.
pub const REASON: usize = 1 << 10;
/// A whole event, encoded.
pub const EVENT: usize = 16 << 10;
/// The message that is left when the event is still too long.
const SHORT_MESSAGE: usize = 1 << 10;

/// The text in at most `limit` bytes: of a longer one its beginning and, three times as long, its end.
pub fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mark = format!("\n[{} bytes in all, shortened here]\n", text.len());
    let Some(room) = limit.checked_sub(mark.len()) else {
        return text[..text.floor_char_boundary(limit)].to_owned();
    };
    let head = &text[..text.floor_char_boundary(room / 4)];
    let tail = &text[text.ceil_char_boundary(text.len() - (room - room / 4))..];
    format!("{head}{mark}{tail}")
}

/// The event within its limit: first what is only nice to have goes, at last all that the receiver can do without.
pub fn fit(mut event: ActionEvent) -> ActionEvent {
    if event.encoded_len() <= EVENT {
        return event;
    }
    event.log_info.clear();
    event.cluster_events.clear();
    if let Some(error) = &mut event.error_info {
        error.message = shorten(&error.message, SHORT_MESSAGE);
    }
    if event.encoded_len() <= EVENT {
        return event;
    }
    // Logs are found by the pod's name, too.
    event.log_context = event.log_context.map(|logs| LogContext {
        pods: Vec::new(),
        ..logs
    });
    if event.encoded_len() <= EVENT {
        event
    } else {
        reduce(&event)
    }
}

/// The event without anything that a receiver might choke on: who, where it is, when, and where its outputs are.
pub fn reduce(event: &ActionEvent) -> ActionEvent {
    ActionEvent {
        id: event.id.clone(),
        attempt: event.attempt,
        phase: event.phase,
        version: event.version,
        updated_time: event.updated_time,
        reported_time: event.reported_time,
        error_info: event.error_info.as_ref().map(|error| ErrorInfo {
            kind: error.kind,
            message: "the details were left out on the way to the control plane; the TaskAction's \
                      status has them while it exists"
                .to_owned(),
            ..ErrorInfo::default()
        }),
        outputs: event
            .outputs
            .clone()
            .filter(|outputs| outputs.encoded_len() <= EVENT / 4),
        ..ActionEvent::default()
    }
}

#[cfg(test)]
mod tests {
    use dataplane_proto::flyteidl2::{
        core::{ContainerContext, PodLogContext, TaskLog},
        task::OutputReferences,
        workflow::ClusterEvent,
    };
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_cut_between_characters_and_keeps_both_ends(text in "\\PC{0,200}", limit in 0usize..300) {
            let short = shorten(&text, limit);
            prop_assert!(short.len() <= limit.max(text.len().min(limit)));
            if text.len() <= limit {
                prop_assert_eq!(&short, &text);
            } else if limit >= 120 {
                let last = text.chars().next_back().unwrap();
                prop_assert!(short.ends_with(last));
                prop_assert!(short.starts_with(text.chars().next().unwrap()));
                let expected = format!("[{} bytes in all", text.len());
                prop_assert!(short.contains(&expected));
            }
        }
    }

    #[test]
    fn more_of_the_end_is_kept() {
        let text = format!("begin{}end", "x".repeat(1000));
        let short = shorten(&text, 200);
        assert!(
            short.starts_with("begin") && short.ends_with("end"),
            "{short}"
        );
        assert!(short.len() <= 200 && short.len() > 195, "{}", short.len());
    }

    fn long(message: usize, containers: usize, uri: usize) -> ActionEvent {
        ActionEvent {
            attempt: 3,
            version: 7,
            error_info: Some(ErrorInfo {
                message: "m".repeat(message),
                kind: 1,
                code: "C".to_owned(),
                ..ErrorInfo::default()
            }),
            log_info: vec![TaskLog::default(); 3],
            cluster_events: vec![ClusterEvent::default()],
            log_context: Some(LogContext {
                primary_pod_name: "pod".to_owned(),
                pods: vec![PodLogContext {
                    containers: vec![
                        ContainerContext {
                            container_name: "c".repeat(60),
                            process: None,
                        };
                        containers
                    ],
                    ..PodLogContext::default()
                }],
                ..LogContext::default()
            }),
            outputs: Some(OutputReferences {
                output_uri: "u".repeat(uri),
                report_uri: String::new(),
            }),
            ..ActionEvent::default()
        }
    }

    #[test]
    fn an_event_loses_no_more_than_it_must() {
        let event = long(100, 2, 10);
        assert_eq!(fit(event.clone()), event);

        let loud = fit(long(EVENT, 2, 10));
        let message = loud.error_info.as_ref().map(|error| error.message.len());
        assert_eq!(message, Some(SHORT_MESSAGE));
        assert_eq!(loud.log_context, event.log_context);
        assert!(loud.cluster_events.is_empty());

        let crowded = fit(long(100, 1000, 10));
        let logs = crowded.log_context.as_ref().unwrap();
        assert_eq!(
            (logs.primary_pod_name.as_str(), logs.pods.len()),
            ("pod", 0)
        );
        assert_eq!(crowded.error_info.as_ref().unwrap().code, "C");

        let absurd = fit(long(100, 2, EVENT));
        assert_eq!(absurd.outputs, None);
        assert_eq!((absurd.attempt, absurd.version), (3, 7));
        assert_eq!(absurd.error_info.as_ref().unwrap().kind, 1);
        for event in [loud, crowded, absurd] {
            assert!(event.encoded_len() <= EVENT);
        }
    }
}
