"""What tests set up and ask about, under `/_…`: nothing that a control plane has.

    GET         /_ready
    GET|DELETE  /_projects/P/violations  what descriptions and lifecycle refused; DELETE answers with it and forgets it
    GET|DELETE  /_projects/P/calls       [{"method": "EventsProxyService/Record", "code"}]
    POST|DELETE /_projects/P/faults      [{"method", "from", "until", "answer"}]; an answer is {"kind": "error", "code": "unavailable"},
                                         with "after" when the deed is done all the same; {"kind": "slow", "seconds"}; or {"kind":
                                         "invalid", "code", "phase", "always"} for batches that hold such an event (without "always",
                                         only as long as it has more than its least fields); {"kind": "hold", "code", "run", "nth",
                                         "gate"} for the nth call with an event of this run, which waits at the gate, and fails then
    GET         /_projects/P/actions     every action with its events
    GET         /_projects/P/pods        the names of the pods that were played, each as often as there was one
    POST        /_projects/P/runs        {"domain", "run", "template": TaskTemplate, "inputs", "runSpec"} as protobuf's JSON
    POST        /_projects/P/enqueue     EnqueueRequest as protobuf's JSON
    POST        /_projects/P/aborts      {"domain", "run", "action", "reason"}
    POST        /_projects/P/signals     {"domain", "run", "action", "value": Literal}
    POST        /_templates              TaskTemplate as protobuf's JSON; its bytes in base64
    GET|POST    /_gates/NAME             whether pods wait at it; POST lets all pass, now and later
"""

import json

from connectrpc.errors import ConnectError
from flyteidl2.actions import actions_service_pb2 as actions
from flyteidl2.common import identifier_pb2
from flyteidl2.core import literals_pb2, tasks_pb2
from flyteidl2.workflow import run_service_pb2 as runs
from google.protobuf.json_format import MessageToDict, ParseDict

from services.actions import enqueue, signal
from task_actions import encoded, name_of, namespace_of
from world import Fault, short


class Control:
    """The administration of a world."""

    def __init__(self, world):
        self.world = world

    async def __call__(self, scope, receive, send):
        raw, more = b"", True
        while more:
            part = await receive()
            raw, more = raw + part.get("body", b""), part.get("more_body", False)
        try:
            code, body = await self.answer(scope["method"], scope["path"], json.loads(raw) if raw else None)
        except ConnectError as error:
            code, body = 409, {"error": f"{error.code.value}: {error.message}"}
        content = json.dumps(body).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def answer(self, verb, path, body):
        """The status and the body for a request."""
        match [verb, *path.strip("/").split("/")]:
            case ["GET", "_ready"]:
                return 200, {}
            case ["POST", "_templates"]:
                return 200, {"bytes": encoded(ParseDict(body, tasks_pb2.TaskTemplate()))}
            case ["GET", "_gates", name]:
                return 200, {"waiting": name in self.world.gates}
            case ["POST", "_gates", name]:
                self.world.gate(name).set()
                return 200, {}
            case [_, "_projects", name, what]:
                return await self.of_project(verb, self.world.project(name), what, body)
        return 404, {"error": f"nothing is administered by {verb} {path}"}

    async def of_project(self, verb, project, what, body):
        match verb, what:
            case "GET" | "DELETE", "violations" | "calls":
                found = getattr(project, what)
                if verb == "DELETE":
                    setattr(project, what, [])
                return 200, found
            case "POST", "faults":
                project.faults += [Fault(f["method"], f["from"], f["until"], f["answer"]) for f in body]
            case "DELETE", "faults":
                project.faults = []
            case "GET", "actions":
                return 200, [shown(action) for action in self.world.of_project(project.id)]
            case "GET", "pods":
                seen = self.world.driver.seen.items() if self.world.driver else ()
                return 200, [name for key, names in seen if key[0].startswith(f"{project.id}-") for name in names]
            case "POST", "runs":
                return 200, shown(await self.world.runs.start(request_of(self.world.organization, project.id, body)))
            case "POST", "enqueue":
                asked = ParseDict(body, actions.EnqueueRequest())
                await enqueue(self.world, asked.action, asked.run_spec if asked.HasField("run_spec") else None)
                return 200, shown(self.world.known(asked.action.action_id))
            case "POST", "aborts":
                await self.world.runs.abort(identifier(self.world.organization, project.id, body), body["reason"])
            case "POST", "signals":
                value = ParseDict(body["value"], literals_pb2.Literal())
                await signal(self.world, identifier(self.world.organization, project.id, body), value, "a test")
            case _:
                return 404, {"error": f"a project has no {what}"}
        return 200, {}


def identifier(organization, project, body):
    run = identifier_pb2.RunIdentifier(org=organization, project=project, domain=body["domain"], name=body["run"])
    return identifier_pb2.ActionIdentifier(run=run, name=body["action"])


def request_of(organization, project, body):
    """The CreateRun that a test means."""
    request = runs.CreateRunRequest()
    request.run_id.org = organization
    request.run_id.project, request.run_id.domain, request.run_id.name = project, body["domain"], body["run"]
    ParseDict(body["template"], request.task_spec.task_template)
    ParseDict(body.get("inputs", {}), request.inputs)
    ParseDict(body.get("runSpec", {}), request.run_spec)
    return request


def shown(action):
    """An action as JSON."""
    return {
        "namespace": namespace_of(action.id.run),
        "name": name_of(action.id),
        "run": action.id.run.name,
        "action": action.id.name,
        "phase": short(action.phase),
        "attempts": action.attempts,
        "duplicates": action.duplicates,
        "errorState": action.error_state,
        "events": [{**MessageToDict(event), "phase": short(event.phase), "attempt": event.attempt, "version": event.version} for event in action.events],
    }
