"""From an HTTP request to an answer: which method it is, whether its description allows it, who calls, whether a fault is due,
whether the API is enabled and the caller may, and then the method itself; its answer is checked by the description too."""

import json
import traceback
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import access
import faults
import identities
import uploads
import validation
from calls import Call, Media
from errors import Refused, disabled, invalid
from services import METHODS, federation
from store import Project

SERVICE_OF_ROOT = "storage"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Request:
    """What came over the wire."""

    verb: str
    target: str
    headers: dict
    raw: bytes


@dataclass
class Answer:
    """What goes back; `lost` cuts the connection instead."""

    status: int
    content: bytes = b""
    headers: dict = field(default_factory=dict)
    lost: bool = False


@dataclass
class Admitted:
    """A call that its description allows, with the fault that is due for it."""

    call: Call
    request: Request
    service: str
    fault: dict | None


def answer(code, body, headers=None):
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return Answer(code, b"" if body is None else json.dumps(body, indent=1).encode(), {**kind, **(headers or {})})


class Dispatcher:
    """Answers requests. Callers hold the store's lock, but not while a call waits at a gate."""

    def __init__(self, apis, store):
        self.apis, self.store = apis, store

    def admit(self, request):
        """The call, or the answer to what is none. What fails here is told as well, and no connection that just ends."""
        try:
            return self._admit(request)
        except Exception:
            why = f"the stand-in failed: {traceback.format_exc()}"
            return self._violation(self._project_of(request), request, SERVICE_OF_ROOT, None, [why], 500)

    def _admit(self, request):
        address = urlsplit(request.target)
        query = parse_qsl(address.query, keep_blank_values=True)
        service, path = self._service(address.path)
        is_upload = service == "storage" and path.startswith("/upload/")
        if service == "storage":
            path = path.removeprefix("/upload").removeprefix("/download")
        found = ((api, *api.find(request.verb, path)) for api in self.apis[service])
        api, method, parameters = next((hit for hit in found if hit[1]), (self.apis[service][0], None, None))
        if method is None:
            why = f"no method of {service} {api.version} (revision {api.revision}) is {request.verb} {path}"
            return self._violation(self._project_of(request), request, service, None, [why])
        try:
            if is_upload:
                body, media = uploads.read(query, request.headers.get("Content-Type"), request.raw)
            else:
                body, media = self._body(request, service), None
        except (ValueError, Refused) as why:
            return self._violation(self._project_of(request), request, service, method, [f"the body is not understood: {why}"])
        project = self._project_of(request, body if service == "sts" else None)
        forgiving = validation.is_googles(request.headers)
        if why := validation.check_request(method, query, body, forgiving):
            return self._violation(project, request, service, method, why)
        if method.id not in METHODS:
            return self._violation(project, request, service, method, [f"the stand-in has no {method.id}"], 501)
        name = self.store.canonical(method.resource_name(path))
        caller = None
        try:
            if service != "sts":
                caller = identities.of(self.store, request.headers.get("Authorization"))
        except Refused as refusal:
            return answer(refusal.code, refusal.body(service))
        call = Call(self.store, method, name, parameters, query, body, media, caller, project)
        return Admitted(call, request, service, faults.due(project, method.id) if project else None)

    def perform(self, admitted):
        """The answer to an admitted call, which is recorded."""
        fault = admitted.fault or {"kind": "none"}
        if fault["kind"] == "error" and not fault.get("after"):
            given = self._fault(admitted.service, fault)
        else:
            given = self._perform(admitted)
            if fault["kind"] == "lost":
                given = Answer(given.status, lost=True)
            if fault["kind"] == "error" and given.status < 300:
                given = self._fault(admitted.service, fault)
        if project := admitted.call.project:
            path = urlsplit(admitted.request.target).path
            project.calls.append({"method": admitted.call.method.id, "path": path, "status": given.status})
        return given

    def _perform(self, admitted):
        call, service = admitted.call, admitted.service
        method = call.method
        try:
            if call.project and method.api.host in call.project.disabled and service != "serviceusage":
                raise disabled(method.api.host, call.project.number)
            behaviour = METHODS[method.id]
            target = behaviour.target_of(call)
            if target:
                access.require(self.store, call.caller, behaviour.permissions_for(call), target)
            result = behaviour.answer(call)
        except Refused as refusal:
            return answer(refusal.code, refusal.body(service), refusal.headers)
        except Exception:
            why = f"the stand-in failed: {traceback.format_exc()}"
            return self._violation(call.project, admitted.request, service, method, [why], 500)
        if isinstance(result, Media):
            return Answer(200, result.content, {"Content-Type": result.kind, **result.headers})
        if result is None:
            return Answer(204)
        # sts answers in OAuth's names, whatever its document says.
        if service != "sts" and (why := validation.check_response(method, result)):
            return self._violation(call.project, admitted.request, service, method, why, 500)
        return answer(200, result)

    def _service(self, path):
        """Each service has its prefix; storage, whose clients fix the paths themselves, is at the root, too."""
        first = path.split("/")[1]
        if first not in self.apis or path.startswith("/storage/v1/"):
            return SERVICE_OF_ROOT, path
        return first, path[len(first) + 1 :]

    def _body(self, request, service):
        if not request.raw:
            return None
        if service == "sts" and request.headers.get("Content-Type", "").startswith(FORM):
            # OAuth's own encoding, which sts takes beside JSON.
            return {validation.camel(key): value for key, value in parse_qsl(request.raw.decode())}
        body = json.loads(request.raw)
        if not isinstance(body, dict):
            raise invalid("it is no object")
        return body

    def _project_of(self, request, exchange=None) -> Project | None:
        """Who a request is counted for: the caller's project; of an exchange of tokens, the audience's."""
        if exchange is not None:
            return federation.project_of(self.store, exchange)
        try:
            return self.store.project(identities.of(self.store, request.headers.get("Authorization")).project)
        except Refused:
            return None

    def _violation(self, project, request, service, method, why, code=400):
        record = {
            "method": method.id if method else None, "request": f"{request.verb} {service} {request.target}",
            "agent": request.headers.get("User-Agent"), "body": request.raw.decode(errors="replace")[:4000], "why": why,
        }  # fmt: skip
        self.store.violations.append(record)
        if project:
            project.violations.append(f"{record['method'] or service}: {'; '.join(why)} ({request.verb} {request.target} {record['body']})")
        status = {400: "INVALID_ARGUMENT", 500: "INTERNAL", 501: "UNIMPLEMENTED"}[code]
        return answer(code, Refused(code, status, "; ".join(why)).body(service))

    @staticmethod
    def _fault(service, fault):
        refusal = Refused(
            fault["code"], fault["status"], fault["message"], reason=fault.get("reason", "backendError"), details=fault.get("details", ()),
        )  # fmt: skip
        return answer(refusal.code, refusal.body(service), {"X-Goog-Request-Id": "acceptance-fault", **fault.get("headers", {})})
