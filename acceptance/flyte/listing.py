"""Lists, as far as their callers narrow them down in tests; anything else is refused."""

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.common import list_pb2

FUNCTIONS = list_pb2.Filter.Function


def narrowed(request, items, fields):
    """Those of the items that pass every filter of a request; `fields` are the texts of an item by the names of its fields."""
    for wanted in request.filters:
        if wanted.function != FUNCTIONS.EQUAL or wanted.field not in fields:
            name = FUNCTIONS.Name(wanted.function)
            raise ConnectError(Code.UNIMPLEMENTED, f"the stand-in does not filter by {wanted.field!r} with {name}")
        items = [item for item in items if fields[wanted.field](item) in wanted.values]
    return items[: request.limit] if request.limit else items
