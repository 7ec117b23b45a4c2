"""What every call goes through: the description of its messages (fields and rules), and the faults that a test asked for."""

import asyncio
import functools

import protovalidate
from connectrpc.code import Code
from connectrpc.errors import ConnectError
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from world import project_of


class Checks:
    """Interceptors of all services."""

    def __init__(self, world):
        self.world = world
        self.validator = protovalidate.Validator()

    async def intercept_unary(self, call_next, request, ctx):
        project, method, fault = self._admit(request, ctx)
        if fault and not fault.get("after"):
            await self._fail(fault, request)
        answer = await self._recorded(project, method, call_next(request, ctx))
        if fault and fault.get("after"):
            await self._fail(fault, request)
        self._check_answer(project, method, answer)
        return answer

    async def intercept_server_stream(self, call_next, request, ctx):
        project, method, fault = self._admit(request, ctx)
        if fault:
            await self._fail(fault, request)
        async for answer in call_next(request, ctx):
            self._check_answer(project, method, answer)
            yield answer

    def _admit(self, request, ctx):
        method = f"{ctx.method().service_name.rsplit('.', 1)[1]}/{ctx.method().name}"
        project = self.world.project(project_of(request) or "")
        wrong = self.wrong_with(request)
        if wrong:
            project.calls.append({"method": method, "code": "invalid_argument"})
            project.violations += [f"{method}: {sentence}" for sentence in wrong]
            raise ConnectError(Code.INVALID_ARGUMENT, "; ".join(wrong))
        fault = project.due(method)
        project.calls.append({"method": method, "code": fault.get("code", "") if fault else ""})
        return project, method, fault

    @staticmethod
    async def _recorded(project, method, answering):
        try:
            return await answering
        except ConnectError:
            raise
        except Exception as error:
            project.violations.append(f"{method}: the stand-in itself failed: {error!r}")
            raise

    async def _fail(self, fault, request):
        await asyncio.sleep(fault.get("seconds", 0))
        match fault["kind"]:
            case "slow":
                return
            case "hold":
                if not _is_nth(fault, request):
                    return
                await self.world.gate(fault["gate"]).wait()
            case "invalid" if not _matches(fault, request):
                return
        raise ConnectError(Code(fault["code"]), fault.get("message", "as the test asked"))

    def _check_answer(self, project, method, answer):
        if wrong := self.wrong_with(answer):
            project.violations += [f"the stand-in's answer to {method}: {sentence}" for sentence in wrong]

    def wrong_with(self, message):
        """Sentences: fields that no description has, and rules that are broken."""
        unknown = [f"field {path} is in no description" for path in unknown_fields(message)]
        broken = self.validator.collect_violations(message)
        return unknown + [_sentence(violation) for violation in broken]


def _sentence(violation):
    rule = violation.proto
    path = ".".join(element.field_name for element in rule.field.elements) if rule.field else ""
    return f"{path}: {rule.message or rule.rule_id}"


def _matches(fault, request):
    """Whether a batch of events holds one that the test wants refused."""
    return any(
        fault.get("phase", event.phase) == event.phase and (fault.get("always") or _has_more_than_the_least(event))
        for event in request.events
    )


def _is_nth(fault, request):
    """Whether it is the call that a test wants held, of those that tell of its run."""
    if all(event.id.run.name != fault["run"] for event in request.events):
        return False
    fault["seen"] = fault.get("seen", 0) + 1
    return fault["seen"] == fault["nth"]


def _has_more_than_the_least(event):
    return bool(event.HasField("log_context") or event.HasField("error_info") or event.cluster_events or event.log_info)


def unknown_fields(message, path=""):
    """The paths of fields that were on the wire and are not in the description."""
    for field in UnknownFieldSet(message):
        yield f"{path}{field.field_number}"
    for name, value in message.ListFields():
        if name.message_type is None:
            continue
        at = f"{path}{name.name}."
        if is_map(name.message_type):
            if name.message_type.fields_by_name["value"].message_type is not None:
                for inner in value.values():
                    yield from unknown_fields(inner, at)
        else:
            # Structures and lists of google.protobuf can be iterated as well, and are messages.
            for inner in [value] if isinstance(value, Message) else value:
                yield from unknown_fields(inner, at)


@functools.cache
def is_map(descriptor):
    return descriptor.GetOptions().map_entry
