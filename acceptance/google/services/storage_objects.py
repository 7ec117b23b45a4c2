"""Cloud Storage: objects and their generations, so that a bucket can be full, and rights be tried."""

import base64
import copy
import hashlib
import time

import google_crc32c
from access import Target
from calls import Behaviour, Media, page
from errors import Refused, invalid, not_found
from services.storage_buckets import bucket_target, existing
from store import timestamp

PREFIX_ATTRIBUTE = "storage.googleapis.com/objectListPrefix"


def name_of(call):
    name = call.parameters.get("object") or call.q.get("name") or (call.body or {}).get("name")
    if not name:
        raise invalid("An object needs a name.")
    return name


def object_target(call):
    bucket = bucket_target(call)
    name = f"{bucket.name}/objects/{name_of(call)}"
    return Target("storage", bucket.chain, name, "storage.googleapis.com/Object")


def list_target(call):
    bucket = bucket_target(call)
    return Target("storage", bucket.chain, bucket.name, bucket.kind, {PREFIX_ATTRIBUTE: call.q.get("prefix", "")})


def live(bucket, name):
    return next((one for one in bucket.hidden["objects"] if one.live and one.value["name"] == name), None)


class Object:
    """One generation of an object."""

    def __init__(self, value, content):
        self.value, self.content, self.live = value, content, True


def insert_permissions(call):
    # Who overwrites deletes, too.
    overwrites = live(existing(call), name_of(call)) is not None
    return ("storage.objects.create", *(("storage.objects.delete",) if overwrites else ()))


def insert(call):
    bucket, name, now = existing(call), name_of(call), timestamp()
    old = live(bucket, name)
    preconditions(call, old)
    content, kind = call.media
    generation = str(max(time.time_ns() // 1000, bucket.hidden.get("generation", 0) + 1))
    bucket.hidden["generation"] = int(generation)
    value = {
        **copy.deepcopy(call.body or {}),
        "kind": "storage#object", "name": name, "bucket": bucket.value["name"], "id": f"{bucket.value['name']}/{name}/{generation}",
        "generation": generation, "metageneration": "1", "contentType": (call.body or {}).get("contentType") or kind,
        "storageClass": bucket.value["storageClass"], "size": str(len(content)), "timeCreated": now, "updated": now,
        "md5Hash": base64.b64encode(hashlib.md5(content).digest()).decode(),
        "crc32c": base64.b64encode(google_crc32c.value(content).to_bytes(4, "big")).decode(), "etag": "CAE=",
    }  # fmt: skip
    if old:
        retire(bucket, old)
    bucket.hidden["objects"].append(Object(value, content))
    return value


def preconditions(call, found):
    """A client names the generation that it means, 0 for none."""
    current = found.value["generation"] if found else "0"
    if call.q.get("ifGenerationMatch", current) != current:
        message = "At least one of the pre-conditions you specified did not hold."
        raise Refused(412, "FAILED_PRECONDITION", message, reason="conditionNotMet")


def retire(bucket, one):
    """A live object that is overwritten or deleted stays as a version, where the bucket keeps versions."""
    if bucket.value.get("versioning", {}).get("enabled"):
        one.live = False
        one.value["timeDeleted"] = timestamp()
    else:
        bucket.hidden["objects"].remove(one)


def find(call):
    bucket, name, generation = existing(call), name_of(call), call.q.get("generation")
    for one in bucket.hidden["objects"]:
        if one.value["name"] == name and (one.value["generation"] == generation if generation else one.live):
            return bucket, one
    raise not_found(f"No such object: {bucket.value['name']}/{name}")


def get(call):
    _, one = find(call)
    preconditions(call, one)
    if call.q.get("alt") != "media":
        return one.value
    digests = f"crc32c={one.value['crc32c']},md5={one.value['md5Hash']}"
    return Media(one.content, one.value["contentType"], {"x-goog-hash": digests, "x-goog-generation": one.value["generation"]})


def delete(call):
    bucket, one = find(call)
    preconditions(call, one)
    if call.q.get("generation"):
        bucket.hidden["objects"].remove(one)
    else:
        retire(bucket, one)


def list_(call):
    bucket, prefix, delimiter = existing(call), call.q.get("prefix", ""), call.q.get("delimiter")
    everything = call.q.get("versions", "").lower() == "true"
    found, prefixes = [], set()
    for one in sorted(bucket.hidden["objects"], key=lambda one: (one.value["name"], int(one.value["generation"]))):
        name = one.value["name"]
        if not name.startswith(prefix) or not (one.live or everything):
            continue
        rest = name[len(prefix) :]
        if delimiter and delimiter in rest:
            prefixes.add(prefix + rest[: rest.index(delimiter) + len(delimiter)])
        else:
            found.append(one.value)
    items, more = page(call, found, "maxResults")
    return {"kind": "storage#objects", **({"items": items} if items else {}), **({"prefixes": sorted(prefixes)} if prefixes else {}), **more}


METHODS = {
    "storage.objects.insert": Behaviour(insert, insert_permissions, object_target),
    "storage.objects.get": Behaviour(get, ("storage.objects.get",), object_target),
    "storage.objects.delete": Behaviour(delete, ("storage.objects.delete",), object_target),
    "storage.objects.list": Behaviour(list_, ("storage.objects.list",), list_target),
}
