"""EC2's published description, as botocore has it: whatever a request names that is not in there is the client's mistake."""

import functools
import re

import botocore.session

VERSION = "2016-11-15"
# What a request has besides the operation's own.
OUTSIDE = {"Action", "Version"}
SCALARS = {
    "boolean": re.compile("true|false"),
    "integer": re.compile(r"-?\d+"),
    "long": re.compile(r"-?\d+"),
    "double": re.compile(r"-?\d+(\.\d+)?"),
    "float": re.compile(r"-?\d+(\.\d+)?"),
}


@functools.cache
def _model():
    return botocore.session.get_session().get_service_model("ec2", VERSION)


def problems(form):
    """What is wrong with a request's fields, in the description's terms; none for a right one."""
    operation = form.get("Action", "")
    if operation not in _model().operation_names:
        return [f"{operation} is no operation of EC2"]
    found = [] if form.get("Version") == VERSION else [f"{operation}: the version is not {VERSION}"]
    tree = {}
    for name, value in form.items():
        if name in OUTSIDE:
            continue
        node = tree
        *path, last = name.split(".")
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                return [f"{operation}: {name} is below a value"]
        node[last] = value
    shape = _model().operation_model(operation).input_shape
    if shape is None:
        return found + [f"{operation}: {name} is not a parameter" for name in tree]
    return found + [f"{operation}: {problem}" for problem in _structure(shape, tree, "")]


def wire_name(name, shape):
    serialized = shape.serialization
    if "queryName" in serialized:
        return serialized["queryName"]
    name = serialized.get("name", name)
    return name[0].upper() + name[1:]


def _structure(shape, node, path):
    members = {wire_name(name, member): (name, member) for name, member in shape.members.items()}
    for name in sorted(set(node) - set(members)):
        yield f"{path}{name} is not a parameter"
    given = set()
    for wire, value in node.items():
        if wire in members:
            name, member = members[wire]
            given.add(name)
            yield from _value(member, value, f"{path}{wire}")
    for name in shape.required_members:
        if name not in given:
            yield f"{path}{name} is missing"


def _value(shape, value, path):
    if shape.type_name == "structure":
        if isinstance(value, dict):
            yield from _structure(shape, value, f"{path}.")
        else:
            yield f"{path} is not a structure"
    elif shape.type_name == "list":
        if not isinstance(value, dict) or sorted(value) != sorted(str(n + 1) for n in range(len(value))):
            yield f"{path} is not a list that counts from 1"
            return
        for number, item in value.items():
            yield from _value(shape.member, item, f"{path}.{number}")
    elif isinstance(value, dict):
        yield f"{path} is a {shape.type_name} and has no parts"
    elif shape.type_name in SCALARS and not SCALARS[shape.type_name].fullmatch(value):
        yield f"{path} is no {shape.type_name}: {value}"
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path} is none of {', '.join(shape.enum)}: {value}"
