"""Cloud Storage: buckets, their metageneration, and their policies."""

import copy
import time

import access
import names
from access import PROJECTS, Target
from calls import Behaviour, page
from errors import Refused, invalid, not_found
from policies import bucket_etag
from services.resources import without_key
from store import Resource, merge, timestamp

MULTI_REGIONS = ("US", "EU", "ASIA")
DAY = 86_400
SOFT_DELETE_DEFAULT = 7 * DAY
CANNOT_CHANGE = ("location", "hierarchicalNamespace", "name")


def project_target(call):
    project = call.store.project(call.q["project"])
    return Target("storage", ((PROJECTS, f"projects/{project.id}"),), f"projects/{project.id}", "cloudresourcemanager.googleapis.com/Project")


def bucket_target(call):
    bucket = existing(call)
    name = call.parameters["bucket"]
    chain = (("storage", name), (PROJECTS, f"projects/{bucket.project.id}"))
    return Target("storage", chain, f"projects/_/buckets/{name}", "storage.googleapis.com/Bucket")


def existing(call):
    found = call.store.get("storage", call.parameters["bucket"])
    if found is None:
        raise not_found("The specified bucket does not exist.")
    return found


def insert(call):
    project = call.store.project(call.q["project"])
    name = call.body["name"]
    names.check("bucket", name)
    taken = call.store.get("storage", name)
    if taken:
        own = "Your previous request to create the named bucket succeeded and you already own it."
        others = (
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again."
        )
        raise Refused(409, "ALREADY_EXISTS", own if taken.project is project else others, reason="conflict")
    value = copy.deepcopy({key: given for key, given in call.body.items() if given is not None})
    if call.method.api.host in project.keys_required and not value.get("encryption", {}).get("defaultKmsKeyName"):
        raise Refused(412, "FAILED_PRECONDITION", without_key(project, call.method.api.host), reason="conditionNotMet")
    location, now = value.get("location", "US").upper(), timestamp()
    is_multi = location in MULTI_REGIONS
    value.update(
        kind="storage#bucket", id=name, selfLink=f"https://www.googleapis.com/storage/v1/b/{name}",
        projectNumber=project.number, location=location, locationType="multi-region" if is_multi else "region",
        timeCreated=now, updated=now, generation=str(time.time_ns() // 1000), metageneration="1", etag=bucket_etag(1),
        storageClass=value.get("storageClass", "STANDARD"),
    )  # fmt: skip
    if is_multi:
        value.setdefault("rpo", "DEFAULT")
    complete(value)
    call.store.put("storage", name, Resource(project, value, {"objects": []}))
    give_defaults(call.store, name, project, value)
    return value


def give_defaults(store, name, project, value):
    """The bindings every bucket has from the start."""
    editors = [f"projectEditor:{project.id}", f"projectOwner:{project.id}"]
    viewers = [f"projectViewer:{project.id}"]
    kinds = ["Bucket", "Object"] if value["iamConfiguration"]["uniformBucketLevelAccess"]["enabled"] else ["Bucket"]
    for kind in kinds:
        store.policies.give(("storage", name), f"roles/storage.legacy{kind}Owner", editors)
        store.policies.give(("storage", name), f"roles/storage.legacy{kind}Reader", viewers)


def complete(value):
    """Fills in what the service says of every bucket, and refuses what it would."""
    names.check_labels(value.get("labels", {}))
    configuration = value.setdefault("iamConfiguration", {})
    uniform = configuration.setdefault("uniformBucketLevelAccess", {"enabled": False})
    if uniform.get("enabled"):
        uniform.setdefault("lockedTime", timestamp(days=90))
    configuration["bucketPolicyOnly"] = dict(uniform)
    configuration.setdefault("publicAccessPrevention", "inherited")
    soft = value.setdefault("softDeletePolicy", {})
    soft["retentionDurationSeconds"] = str(soft.get("retentionDurationSeconds", SOFT_DELETE_DEFAULT))
    soft.setdefault("effectiveTime", timestamp())
    seconds = int(soft["retentionDurationSeconds"])
    if seconds and not 7 * DAY <= seconds <= 90 * DAY:
        raise invalid("Soft delete policy's retention must be 0, or between 7 and 90 days.")
    for rule in (value.get("lifecycle") or {}).get("rule", []):
        check_rule(rule)
    for field in ("labels", "cors", "encryption"):
        if value.get(field) in ({}, []):
            del value[field]
    if (value.get("lifecycle") or {}).get("rule") == []:
        del value["lifecycle"]


def check_rule(rule):
    """A rule of lifecycle says when, and unfinished uploads are known by their age and their names only."""
    action, condition = rule.get("action", {}).get("type"), rule.get("condition", {})
    if not condition:
        raise invalid("A lifecycle rule needs at least one condition.")
    if action == "AbortIncompleteMultipartUpload" and not set(condition) <= {"age", "matchesPrefix", "matchesSuffix"}:
        raise invalid("Unfinished uploads are aborted by age, prefix and suffix only.")


def preconditions(call, bucket):
    current, wanted = bucket.value["metageneration"], call.q.get("ifMetagenerationMatch")
    if (wanted and wanted != current) or call.q.get("ifMetagenerationNotMatch") == current:
        message = "At least one of the pre-conditions you specified did not hold."
        raise Refused(412, "FAILED_PRECONDITION", message, reason="conditionNotMet")


def list_(call):
    project = call.store.project(call.q["project"])
    prefix = call.q.get("prefix", "")
    found = [
        resource.value for (service, name), resource in sorted(call.store.resources.items(), key=lambda item: item[0])
        if service == "storage" and resource.project is project and name.startswith(prefix)
    ]  # fmt: skip
    items, rest = page(call, found, "maxResults")
    return {"kind": "storage#buckets", "items": items, **rest}


def get(call):
    bucket = existing(call)
    preconditions(call, bucket)
    return bucket.value


def patch(call):
    bucket = existing(call)
    preconditions(call, bucket)
    for field in CANNOT_CHANGE:
        given = call.body.get(field)
        if given is not None and given != bucket.value.get(field) and str(given).upper() != bucket.value.get(field):
            raise invalid(f"The {field} of a bucket cannot be changed.")
    # A bucket that was read and sent back is a patch, too: what the service fills in stays its own.
    own = ("id", "selfLink", "projectNumber", "metageneration", "etag", "timeCreated", "updated", "location", "generation")
    value = merge(copy.deepcopy(bucket.value), {key: given for key, given in call.body.items() if key not in own})
    changed_soft = value.get("softDeletePolicy") != bucket.value["softDeletePolicy"]
    if changed_soft:
        value.get("softDeletePolicy", {}).pop("effectiveTime", None)
    if not value.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {}).get("enabled"):
        value.get("iamConfiguration", {}).get("uniformBucketLevelAccess", {}).pop("lockedTime", None)
    complete(value)
    value["metageneration"] = str(int(value["metageneration"]) + 1)
    value["etag"] = bucket_etag(value["metageneration"])
    value["updated"] = timestamp()
    bucket.value = value
    return value


def patch_permissions(call):
    changes_access = {"iamConfiguration", "acl", "defaultObjectAcl"} & set(call.body or {})
    return ("storage.buckets.update", *(("storage.buckets.setIamPolicy",) if changes_access else ()))


def delete(call):
    bucket = existing(call)
    preconditions(call, bucket)
    if bucket.hidden["objects"]:
        raise Refused(409, "FAILED_PRECONDITION", "The bucket you tried to delete is not empty.", reason="conflict")
    call.store.remove("storage", call.parameters["bucket"])


def shown_policy(call, policy):
    return {"kind": "storage#policy", "resourceId": f"projects/_/buckets/{call.parameters['bucket']}", **policy}


def get_policy(call):
    version = int(call.q.get("optionsRequestedPolicyVersion") or 1)
    return shown_policy(call, call.store.policies.read(("storage", call.parameters["bucket"]), version))


def set_policy(call):
    key = ("storage", call.parameters["bucket"])
    return shown_policy(call, call.store.policies.write(key, call.body, call.project.violations))


def test_permissions(call):
    asked = [value for name, value in call.query if name == "permissions"]
    held = [permission for permission in asked if access.allowed(call.store, call.caller, permission, bucket_target(call))]
    return {"kind": "storage#testIamPermissionsResponse", **({"permissions": held} if held else {})}


def layout(call):
    value = existing(call).value
    return {
        "kind": "storage#storageLayout", "bucket": value["name"], "location": value["location"],
        "locationType": value["locationType"], "hierarchicalNamespace": value.get("hierarchicalNamespace", {"enabled": False}),
    }  # fmt: skip


def get_permissions(call):
    full = call.q.get("projection") == "full"
    return ("storage.buckets.get", *(("storage.buckets.getIamPolicy",) if full else ()))


METHODS = {
    "storage.buckets.insert": Behaviour(insert, ("storage.buckets.create",), project_target),
    "storage.buckets.list": Behaviour(list_, ("storage.buckets.list",), project_target),
    "storage.buckets.get": Behaviour(get, get_permissions, bucket_target),
    "storage.buckets.patch": Behaviour(patch, patch_permissions, bucket_target),
    "storage.buckets.delete": Behaviour(delete, ("storage.buckets.delete",), bucket_target),
    "storage.buckets.getIamPolicy": Behaviour(get_policy, ("storage.buckets.getIamPolicy",), bucket_target),
    "storage.buckets.setIamPolicy": Behaviour(set_policy, ("storage.buckets.setIamPolicy",), bucket_target),
    "storage.buckets.testIamPermissions": Behaviour(test_permissions, (), bucket_target),
    "storage.buckets.getStorageLayout": Behaviour(layout, ("storage.objects.list",), bucket_target),
}
