"""Which events may follow which. What comes again is dropped by action, attempt, phase and version, as the run service does by
the primary key of its table. The order is what Flyte's executor reports; anything else is a violation that fails its test."""

from world import PHASES, TERMINAL, short

RANKS = {
    PHASES.ACTION_PHASE_QUEUED: 1,
    PHASES.ACTION_PHASE_WAITING_FOR_RESOURCES: 2,
    PHASES.ACTION_PHASE_INITIALIZING: 3,
    PHASES.ACTION_PHASE_RUNNING: 4,
    PHASES.ACTION_PHASE_PAUSED: 4,
    **{phase: 5 for phase in TERMINAL},
}
# Kubernetes has the times of containers in whole seconds, and Flyte's executor passes them on as they are.
COARSE = 2
# After these an action may be tried once more.
MAY_BE_TRIED_AGAIN = {PHASES.ACTION_PHASE_FAILED, PHASES.ACTION_PHASE_TIMED_OUT}


def record(action, event):
    """Takes an event, and says what is wrong with it."""
    if any(same(event, recorded) for recorded in action.events):
        action.duplicates += 1
        return []
    wrong = list(problems(action, event))
    action.events.append(event)
    return [f"{action.id.run.name}/{action.id.name}: {told(event)} {sentence}" for sentence in wrong]


def same(one, other):
    return (one.attempt, one.phase, one.version) == (other.attempt, other.phase, other.version)


def told(event):
    return f"attempt {event.attempt} {short(event.phase)} version {event.version}"


def problems(action, event):
    """Why the event may not follow those that were recorded, and what it lacks."""
    last = action.events[-1] if action.events else None
    yield from follows(last, event)
    if not event.HasField("updated_time"):
        yield "has no updated_time"
    elif last and at(last.updated_time) - at(event.updated_time) > COARSE:
        yield f"is older than {told(last)} before it"
    if event.phase == PHASES.ACTION_PHASE_FAILED and not event.error_info.message:
        yield "says no error"


def follows(last, event):
    if event.phase == PHASES.ACTION_PHASE_RECOVERED:
        if last is not None:
            yield f"takes another run's action over after {told(last)}"
    elif last is None:
        if event.attempt != 1:
            yield "is the first event, and not of the first attempt"
    elif event.attempt < last.attempt:
        yield f"comes after {told(last)}"
    elif event.attempt == last.attempt:
        yield from goes_on(last, event)
    elif event.attempt > last.attempt + 1:
        yield f"leaves attempts out after {told(last)}"
    elif last.phase not in MAY_BE_TRIED_AGAIN:
        yield f"comes although {told(last)} did not fail"


def goes_on(last, event):
    if last.phase in TERMINAL:
        # An action that is to be tried again may be aborted before it is.
        if not (last.phase in MAY_BE_TRIED_AGAIN and event.phase == PHASES.ACTION_PHASE_ABORTED):
            yield f"comes after the end of the attempt, {told(last)}"
    elif RANKS[event.phase] < RANKS[last.phase]:
        # What the platform did to a pod begins the attempt anew: queued, with a version that was not there yet.
        if event.phase != PHASES.ACTION_PHASE_QUEUED or event.version <= last.version:
            yield f"goes back from {told(last)}"
    elif event.phase == last.phase and event.version <= last.version:
        yield f"has no higher version than {told(last)}"


def at(timestamp):
    return timestamp.seconds + timestamp.nanos / 1e9
