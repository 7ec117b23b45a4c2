"""Flyte's own Python package answers for our subset of its messages: one question as JSON on standard input, one answer."""

import base64
import importlib
import json
import pkgutil
import random
import sys

import flyteidl2
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor

PACKAGES = ("cacheservice", "common", "core", "task", "workflow")
# Fields that are declared as bytes here because they are passed on and never looked into; the same on the wire.
OPAQUE = {"flyteidl2.cacheservice.CachedOutput.output_literals"}
DEEP = 5

for package in PACKAGES:
    folder = importlib.import_module(f"flyteidl2.{package}").__path__
    for module in pkgutil.walk_packages(folder, f"flyteidl2.{package}."):
        if module.name.endswith("_pb2"):
            importlib.import_module(module.name)

POOL = descriptor_pool.Default()


def message_class(name):
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))


def describe(field):
    """What of a field is seen on the wire or in code: number, type, label, and whether absence differs from the default."""
    kind = field.message_type or field.enum_type
    oneof = field.containing_oneof
    return {
        "number": field.number,
        "type": "bytes" if field.full_name in OPAQUE else (field.type, kind.full_name if kind else None),
        "repeated": field.is_repeated,
        "presence": field.has_presence,
        "oneof": oneof.name if oneof and not oneof.name.startswith("_") else None,
    }


def compare_messages(ours, theirs, found):
    known = theirs.fields_by_name
    for field in ours.fields:
        if field.name not in known:
            found.append(f"{field.full_name} is not theirs")
        else:
            mine, other = describe(field), describe(known[field.name])
            if mine != other:
                found.append(f"{field.full_name}: ours {mine}, theirs {other}")
    for enum in ours.enum_types:
        compare_enums(enum, theirs.enum_types_by_name.get(enum.name), found)


def compare_enums(ours, theirs, found):
    if theirs is None:
        found.append(f"{ours.full_name} is not theirs")
        return
    for value in ours.values:
        other = theirs.values_by_name.get(value.name)
        if other is None or other.number != value.number:
            found.append(f"{ours.full_name}.{value.name} = {value.number} is not theirs")


def descriptors(ask):
    """Compares all that we declare with what the package declares under the same name."""
    files = descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(ask["files"]))
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    found, messages = [], []

    def walk(message):
        if message.GetOptions().map_entry:
            return
        messages.append(message.full_name)
        try:
            compare_messages(message, POOL.FindMessageTypeByName(message.full_name), found)
        except KeyError:
            found.append(f"{message.full_name} is not theirs")
        for nested in message.nested_types:
            walk(nested)

    for file in files.file:
        if not file.package.startswith("flyteidl2"):
            continue
        ours = pool.FindFileByName(file.name)
        for message in ours.message_types_by_name.values():
            walk(message)
        for enum in ours.enum_types_by_name.values():
            compare_enums(enum, POOL.FindEnumTypeByName(enum.full_name), found)
        for service in ours.services_by_name.values():
            theirs = POOL.FindServiceByName(service.full_name).methods_by_name
            for method in service.methods:
                other = theirs[method.name]
                pair = [m.full_name for m in (method.input_type, method.output_type)]
                if pair != [m.full_name for m in (other.input_type, other.output_type)]:
                    found.append(f"{method.full_name} takes or gives something else")
    return {"differences": found, "messages": sorted(messages)}


def scalar(field, chance):
    kind = field.type
    if kind == FieldDescriptor.TYPE_STRING:
        return chance.choice(["", "a", "é\u0000𝄞", "x" * 300])
    if kind == FieldDescriptor.TYPE_BYTES:
        return chance.choice([b"", b"\x00\xff", b"y" * 300])
    if kind == FieldDescriptor.TYPE_BOOL:
        return chance.choice([True, False])
    if kind in (FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT):
        return chance.choice([0.0, -1.5, 1e300, float("inf")])
    if kind == FieldDescriptor.TYPE_INT32:
        return chance.choice([0, 1, -1, 2**31 - 1, -(2**31)])
    if kind == FieldDescriptor.TYPE_INT64:
        return chance.choice([0, 1, -1, 2**63 - 1, -(2**63)])
    if kind == FieldDescriptor.TYPE_UINT32:
        return chance.choice([0, 1, 2**32 - 1])
    if kind == FieldDescriptor.TYPE_UINT64:
        return chance.choice([0, 1, 2**64 - 1])
    if kind == FieldDescriptor.TYPE_ENUM:
        # The last is a value of a newer version.
        return chance.choice([value.number for value in field.enum_type.values] + [9999])
    raise ValueError(f"{field.full_name} has a type that is not thought of")


def fill(message, chance, depth=0):
    """Sets every field; of a oneof, one that chance picks."""
    name = message.DESCRIPTOR.full_name
    if name == "google.protobuf.Struct":
        message.update({"n": 1.5, "list": [True, None, "s"], "inner": {"k": "v"}})
        return
    chosen = {oneof.full_name: chance.choice(oneof.fields).name for oneof in message.DESCRIPTOR.oneofs}
    for field in message.DESCRIPTOR.fields:
        oneof = field.containing_oneof
        if oneof and chosen[oneof.full_name] != field.name:
            continue
        inner = field.message_type
        if inner and inner.GetOptions().map_entry:
            value = inner.fields_by_name["value"]
            target = getattr(message, field.name)
            for key in ("", "key"):
                if value.message_type is None:
                    target[key] = scalar(value, chance)
                elif depth < DEEP:
                    fill(target[key], chance, depth + 1)
        elif inner and field.is_repeated:
            for _ in range(2 if depth < DEEP else 0):
                fill(getattr(message, field.name).add(), chance, depth + 1)
        elif inner:
            getattr(message, field.name).SetInParent()
            if depth < DEEP:
                fill(getattr(message, field.name), chance, depth + 1)
        elif field.is_repeated:
            getattr(message, field.name).extend(scalar(field, chance) for _ in range(3))
        else:
            setattr(message, field.name, scalar(field, chance))


def filled(ask):
    made = []
    for name in ask["messages"]:
        for seed in range(ask["times"]):
            message = message_class(name)()
            fill(message, random.Random(f"{name} {seed}"))
            made.append([name, base64.b64encode(message.SerializeToString()).decode()])
    return made


def same(ask):
    """Whether each pair of encodings means the same, by the package's own reading of both."""
    found = []
    for name, theirs, ours in ask["pairs"]:
        left, right = (message_class(name).FromString(base64.b64decode(text)) for text in (theirs, ours))
        canonical = [m.SerializeToString(deterministic=True) for m in (left, right)]
        if left != right or canonical[0] != canonical[1]:
            found.append(f"{name}:\n{left}\nbecame\n{right}")
    return found


def read(ask):
    message = message_class(ask["message"]).FromString(base64.b64decode(ask["bytes"]))
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


question = json.load(sys.stdin)
json.dump(globals()[question["ask"]](question), sys.stdout)
