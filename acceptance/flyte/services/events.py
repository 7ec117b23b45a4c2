"""EventsProxyService: what executors tell."""

from flyteidl2.workflow import events_proxy_service_pb2 as events
from flyteidl2.workflow.events_proxy_service_connect import EventsProxyService

import lifecycle


class Events(EventsProxyService):
    """Records events; a batch as a whole."""

    def __init__(self, world):
        self.world = world

    async def record(self, request, ctx):
        for event in request.events:
            action = self.world.known(event.id)
            self.world.project(event.id.run.project).violations += lifecycle.record(action, event)
            await action.notify()
        return events.RecordResponse()
