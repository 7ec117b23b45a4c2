"""What a run that recovers another takes over from it."""

import unittest

import recovery
from connectrpc.errors import ConnectError
from flyteidl2.common import identifier_pb2
from flyteidl2.common import run_pb2 as common
from flyteidl2.core import literals_pb2
from flyteidl2.task import run_pb2
from flyteidl2.workflow import run_definition_pb2
from world import PHASES, World

SOURCE = identifier_pb2.RunIdentifier(org="acme", project="p", domain="d", name="before")
RUN = identifier_pb2.RunIdentifier(org="acme", project="p", domain="d", name="after")


def recovering(*forced, kind=common.RELATION_TYPE_RECOVER, source=SOURCE):
    spec = run_pb2.RunSpec(relation=common.Relation(related_to=source, relation_type=kind))
    spec.recover.force_rerun_actions.extend(forced)
    return spec


class Recovery(unittest.TestCase):
    """Of a run of which one child succeeded, one failed, and one waits for a signal no more."""

    def setUp(self):
        self.world = World(None, None, "spec", "acme")
        self.known("a0").phase = PHASES.ACTION_PHASE_FAILED
        done = self.known("done")
        done.phase = PHASES.ACTION_PHASE_SUCCEEDED
        done.events.append(run_definition_pb2.ActionEvent(attempt=2))
        done.events[0].outputs.output_uri = "s3://b/before/done/2/outputs.pb"
        done.attempts = 2
        self.known("failed").phase = PHASES.ACTION_PHASE_FAILED
        self.known("silent").phase = PHASES.ACTION_PHASE_SUCCEEDED
        asked = self.known("asked")
        asked.phase = PHASES.ACTION_PHASE_RECOVERED
        asked.signal_value = literals_pb2.Literal(scalar={"primitive": {"integer": 3}})

    def known(self, name, run=SOURCE):
        return self.world.known(identifier_pb2.ActionIdentifier(run=run, name=name))

    def recovered(self, name, spec):
        identifier = identifier_pb2.ActionIdentifier(run=RUN, name=name)
        return recovery.recovered(self.world, identifier, recovery.context_of(spec))

    def test_what_succeeded_is_taken_over(self):
        found = self.recovered("done", recovering())
        expected = {"sourceRunName": "before", "attempts": 2, "cacheStatus": 0, "outputUri": "s3://b/before/done/2/outputs.pb"}
        self.assertEqual(found, expected)
        self.assertIn("output", self.recovered("asked", recovering()))

    def test_all_else_is_done_again(self):
        for name in ("failed", "silent", "unknown"):
            self.assertIsNone(self.recovered(name, recovering()), name)
        self.assertIsNone(self.recovered("done", recovering("done")))
        self.assertIsNone(self.recovered("done", recovering(kind=common.RELATION_TYPE_RERUN)))

    def test_only_a_run_of_the_same_project_that_is_over_is_recovered(self):
        recovery.check(self.world, RUN, recovering())
        elsewhere = identifier_pb2.RunIdentifier(org="acme", project="other", domain="d", name="before")
        unknown = identifier_pb2.RunIdentifier(org="acme", project="p", domain="d", name="never")
        self.known("a0", unknown)
        for source in (elsewhere, unknown):
            with self.assertRaises(ConnectError):
                recovery.check(self.world, RUN, recovering(source=source))
