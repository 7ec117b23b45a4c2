"""Actions and runs as the run service shows them."""

from flyteidl2.workflow import run_definition_pb2 as shown
from google.protobuf.timestamp_pb2 import Timestamp

from world import PHASES, TERMINAL


def timestamp(seconds):
    stamp = Timestamp()
    stamp.FromNanoseconds(int(seconds * 1e9))
    return stamp


def metadata_of(action):
    metadata = shown.ActionMetadata(parent=action.parent, group=action.group)
    if action.recovered_from:
        metadata.recovered_from.CopyFrom(action.id)
        metadata.recovered_from.run.name = action.recovered_from
    if action.condition is not None:
        metadata.action_type = shown.ACTION_TYPE_CONDITION
        metadata.condition.name = action.condition.name
        metadata.condition.type.CopyFrom(action.condition.type)
    elif action.trace is not None:
        metadata.action_type = shown.ACTION_TYPE_TRACE
        metadata.trace.name = action.trace.name
    elif action.task is not None:
        metadata.action_type = shown.ACTION_TYPE_TASK
        metadata.task.id.CopyFrom(action.task.id)
        metadata.task.task_type = action.task.spec.task_template.type
        metadata.task.short_name = action.task.spec.short_name
        metadata.environment_name = action.task.spec.environment.name
        metadata.funtion_name = action.task.id.name
    return metadata


def status_of(action):
    status = shown.ActionStatus(phase=action.phase, attempts=action.attempts, cache_status=action.cache_status)
    status.start_time.CopyFrom(timestamp(action.created))
    if action.ended:
        status.end_time.CopyFrom(timestamp(action.ended))
        status.duration_ms = int((action.ended - action.created) * 1000)
    return status


def summary_of(action):
    return shown.Action(id=action.id, metadata=metadata_of(action), status=status_of(action))


def details_of(action):
    details = shown.ActionDetails(id=action.id, metadata=metadata_of(action), status=status_of(action))
    if action.condition is not None:
        details.condition.CopyFrom(action.condition)
    elif action.task is not None and action.task.HasField("spec"):
        details.task.CopyFrom(action.task.spec)
    elif action.trace is not None:
        details.trace.CopyFrom(action.trace.spec)
    details.attempts.extend(attempts_of(action))
    if action.phase == PHASES.ACTION_PHASE_ABORTED:
        details.abort_info.reason = action.abort_reason or "the resource was deleted"
    elif action.phase in (PHASES.ACTION_PHASE_FAILED, PHASES.ACTION_PHASE_TIMED_OUT):
        details.error_info.CopyFrom(error_of(action))
    elif action.signal_value is not None:
        details.signal_info.output.CopyFrom(action.signal_value)
    return details


def error_of(action):
    """The error of the last event that has one; else what the resource says."""
    for event in reversed(action.events):
        if event.HasField("error_info"):
            return event.error_info
    return shown.ErrorInfo(message=action.error_state.get("message", ""))


def attempts_of(action):
    for number in sorted({event.attempt for event in action.events}):
        yield attempt_of(number, action.events_of(number))


def attempt_of(number, events):
    """An attempt, of its events in the order of their time."""
    events = sorted(events, key=lambda event: (event.updated_time.seconds, event.updated_time.nanos))
    last = events[-1]
    attempt = shown.ActionAttempt(attempt=number, phase=last.phase, start_time=events[0].updated_time, cluster=last.cluster)
    if last.phase in TERMINAL:
        attempt.end_time.CopyFrom(last.updated_time)
    attempt.cache_status = last.cache_status
    for event in events:
        if event.HasField("error_info"):
            attempt.error_info.CopyFrom(event.error_info)
        if event.outputs.output_uri:
            attempt.outputs.CopyFrom(event.outputs)
        if event.HasField("log_context"):
            attempt.log_context.CopyFrom(event.log_context)
            attempt.logs_available = True
        if event.log_info:
            del attempt.log_info[:]
            attempt.log_info.extend(event.log_info)
        attempt.cluster_events.extend(event.cluster_events)
    for event, following in zip(events, [*events[1:], None], strict=True):
        transition = attempt.phase_transitions.add(phase=event.phase, start_time=event.updated_time)
        if following is not None:
            transition.end_time.CopyFrom(following.updated_time)
    return attempt


def run_of(action):
    return shown.Run(action=summary_of(action))


def run_details_of(action):
    details = shown.RunDetails(action=details_of(action))
    if action.run_spec is not None:
        details.run_spec.CopyFrom(action.run_spec)
    return details
