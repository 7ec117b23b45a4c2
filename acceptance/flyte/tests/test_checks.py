"""Messages that Flyte's descriptors do not allow."""

import unittest

from checks import Checks
from flyteidl2.common import identifier_pb2
from flyteidl2.core import tasks_pb2
from flyteidl2.workflow import events_proxy_service_pb2
from tests.test_lifecycle import event
from world import project_of


class CheckedMessages(unittest.TestCase):
    """By fields and by rules."""

    def wrong_with(self, message):
        return " ".join(Checks(None).wrong_with(message))

    def test_a_whole_event_is_fine(self):
        self.assertEqual(self.wrong_with(events_proxy_service_pb2.RecordRequest(events=[event("1 QUEUED")])), "")

    def test_a_field_that_is_not_described_is_wrong_wherever_it_is(self):
        request = events_proxy_service_pb2.RecordRequest(events=[event("1 QUEUED")])
        # Field 999 with the number 1, inside of the event.
        inner = request.events[0].SerializeToString() + bytes([0xB8, 0x3E, 1])
        raw = bytes([0x0A, len(inner)]) + inner
        found = self.wrong_with(events_proxy_service_pb2.RecordRequest.FromString(raw))
        self.assertIn("events.999 is in no description", found)

    def test_structures_are_messages_and_no_lists(self):
        # What a pod template is: google.protobuf's Struct, with a list of further ones.
        template = tasks_pb2.TaskTemplate(k8s_pod={"pod_spec": {"containers": [{"name": "primary"}]}})
        template.id.project = "fraud"
        self.assertEqual(self.wrong_with(template.k8s_pod), "")
        self.assertEqual(project_of(template), "fraud")
        self.assertIsNone(project_of(template.k8s_pod))

    def test_a_broken_rule_is_wrong(self):
        request = events_proxy_service_pb2.RecordRequest(events=[event("1 QUEUED")])
        request.events[0].id.run.org = ""
        self.assertIn("org", self.wrong_with(request))
        self.assertIn("name", self.wrong_with(identifier_pb2.ActionIdentifier(run=request.events[0].id.run)))
