"""Which events may follow which, and what counts as the same one."""

import unittest

import lifecycle
from flyteidl2.common import identifier_pb2
from flyteidl2.workflow import run_definition_pb2
from world import PHASES, Action

RUN = identifier_pb2.RunIdentifier(org="acme", project="p", domain="d", name="r")
IDENTIFIER = identifier_pb2.ActionIdentifier(run=RUN, name="a0")


def event(told, seconds=100):
    """`1 RUNNING`, or `1 RUNNING 2` with a version."""
    attempt, phase, *version = told.split()
    made = run_definition_pb2.ActionEvent(id=IDENTIFIER, attempt=int(attempt), phase=PHASES.Value(f"ACTION_PHASE_{phase}"))
    made.version = int(version[0]) if version else 0
    made.updated_time.seconds = seconds
    if phase == "FAILED":
        made.error_info.message = "no"
    return made


def told(*events):
    """What is wrong with the last of these events."""
    action = Action(IDENTIFIER)
    wrong = []
    for one in events:
        wrong = lifecycle.record(action, one if not isinstance(one, str) else event(one))
    return action, " ".join(wrong)


class Lifecycle(unittest.TestCase):
    """Of an action."""

    def test_what_flytes_executor_reports_is_fine(self):
        for history in [
            ["1 QUEUED", "1 INITIALIZING", "1 RUNNING", "1 SUCCEEDED"],
            ["1 QUEUED", "1 QUEUED 1", "1 RUNNING", "1 FAILED", "2 QUEUED", "2 RUNNING", "2 SUCCEEDED"],
            ["1 QUEUED", "1 RUNNING", "1 QUEUED 10", "1 RUNNING 10", "1 SUCCEEDED 10"],
            ["1 QUEUED", "1 RUNNING", "1 FAILED", "1 ABORTED"],
            ["1 FAILED"],
            ["2 RECOVERED"],
        ]:
            for end in range(1, len(history) + 1):
                self.assertEqual(told(*history[:end])[1], "", history)

    def test_what_is_out_of_order_is_wrong(self):
        for history, sentence in [
            (["2 QUEUED"], "not of the first attempt"),
            (["1 QUEUED", "1 SUCCEEDED", "1 RUNNING"], "after the end"),
            (["1 QUEUED", "1 RECOVERED"], "takes another run's action over"),
            (["1 RECOVERED", "1 QUEUED"], "after the end"),
            (["1 QUEUED", "1 SUCCEEDED", "1 ABORTED"], "after the end"),
            (["1 QUEUED", "1 RUNNING", "1 INITIALIZING"], "goes back"),
            (["1 QUEUED", "1 RUNNING 1", "1 QUEUED 1"], "goes back"),
            (["1 QUEUED", "1 RUNNING 2", "1 RUNNING 1"], "no higher version"),
            (["1 QUEUED", "1 RUNNING", "2 QUEUED"], "did not fail"),
            (["1 QUEUED", "1 FAILED", "3 QUEUED"], "leaves attempts out"),
            (["1 QUEUED", "1 FAILED", "2 QUEUED", "1 SUCCEEDED"], "comes after"),
            ([event("1 QUEUED", 100), event("1 RUNNING", 90)], "is older"),
        ]:
            self.assertIn(sentence, told(*history)[1], history)

    def test_a_failure_says_why(self):
        silent = event("1 FAILED")
        silent.ClearField("error_info")
        self.assertIn("says no error", told(silent)[1])

    def test_the_same_event_is_dropped(self):
        action, wrong = told("1 QUEUED", "1 RUNNING", "1 QUEUED")
        self.assertEqual((wrong, len(action.events), action.duplicates), ("", 2, 1))
