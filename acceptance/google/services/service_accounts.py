"""IAM: service accounts. A deleted one can be brought back by its unique id for thirty days; its name is free at once."""

import names
from calls import Behaviour, named, page
from errors import exists, failed_precondition, invalid, not_found
from services import policy_methods
from store import Resource
from validation import camel

ACCOUNTS = "iam.projects.serviceAccounts"
TEXTS = (("displayName", 100), ("description", 256))


def find(call):
    """The account in the path, by e-mail address or unique id, of a named project or of any (`-`)."""
    _, project, _, wanted = call.name.split("/")[:4]
    found = None
    for (service, _), resource in call.store.resources.items():
        if service == "iam" and wanted in (resource.value.get("email"), resource.value.get("uniqueId")):
            if project in ("-", resource.project.id):
                found = resource
    return found


def existing(call):
    found = find(call)
    if found is None:
        raise not_found("Unknown service account")
    return found


def target(call):
    found = find(call)
    if found:
        return named(call.store, "iam", found.value["name"])
    _, project, _, wanted = call.name.split("/")[:4]
    if project == "-":
        project = wanted.partition("@")[2].split(".")[0] or call.project.id
    return named(call.store, "iam", f"projects/{project}/serviceAccounts/{wanted}")


def key(call):
    return "iam", existing(call).value["name"]


def check_texts(value):
    for field, most in TEXTS:
        names.check_length(field, value.get(field, ""), most)


def create(call):
    project, wanted = call.of_project(), call.body["accountId"]
    names.check("service account", wanted)
    email = f"{wanted}@{project.id}.iam.gserviceaccount.com"
    name = f"projects/{project.id}/serviceAccounts/{email}"
    if call.store.get("iam", name):
        raise exists(f"Service account {wanted} already exists within project projects/{project.id}.")
    given = call.body.get("serviceAccount", {})
    check_texts(given)
    number = str(10**20 + call.store.serial())
    value = {
        **given, "name": name, "projectId": project.id, "uniqueId": number, "email": email, "oauth2ClientId": number,
        "etag": "MDEwMjE5MjA=",
    }  # fmt: skip
    return call.store.put("iam", name, Resource(project, value, {"unknown_for": project.account_delay})).value


def list_(call):
    items, rest = page(call, [resource.value for _, resource in call.store.under("iam", call.name)])
    return {"accounts": items, **rest}


def patch(call):
    value, given = existing(call).value, call.body.get("serviceAccount", {})
    fields = [camel(path) for path in call.body.get("updateMask", "").split(",") if path]
    if not fields:
        raise invalid("The update mask is empty.")
    for field in fields:
        if field not in dict(TEXTS):
            raise invalid(f"The update mask's {field} cannot be changed.")
        value[field] = given.get(field, "")
    check_texts(value)
    # Only the name and the masked fields come back, not the e-mail address or the unique id.
    return {"name": value["name"], **{field: value[field] for field in fields}}


def delete(call):
    found = existing(call)
    call.store.remove("iam", found.value["name"])
    call.store.deleted_accounts[found.value["uniqueId"]] = found
    call.store.policies.account_deleted(found.value["email"], found.value["uniqueId"])
    return {}


def undelete(call):
    number = call.name.rsplit("/", 1)[-1]
    found = call.store.deleted_accounts.get(number)
    if found is None:
        raise not_found("Unknown service account")
    if call.store.get("iam", found.value["name"]):
        raise failed_precondition(f"Service account {found.value['email']} exists again.")
    del call.store.deleted_accounts[number]
    call.store.put("iam", found.value["name"], found)
    call.store.policies.account_undeleted(found.value["email"], number)
    return {"restoredAccount": found.value}


def switch(disabled):
    def change(call):
        existing(call).value["disabled"] = disabled
        return {}

    return change


def behaviour(answer, verb):
    return Behaviour(answer, (f"iam.serviceAccounts.{verb}",), target)


METHODS = {
    f"{ACCOUNTS}.create": Behaviour(create, ("iam.serviceAccounts.create",)),
    f"{ACCOUNTS}.list": Behaviour(list_, ("iam.serviceAccounts.list",)),
    f"{ACCOUNTS}.get": behaviour(lambda call: existing(call).value, "get"),
    f"{ACCOUNTS}.patch": behaviour(patch, "update"),
    f"{ACCOUNTS}.delete": behaviour(delete, "delete"),
    f"{ACCOUNTS}.undelete": behaviour(undelete, "undelete"),
    f"{ACCOUNTS}.disable": behaviour(switch(True), "disable"),
    f"{ACCOUNTS}.enable": behaviour(switch(False), "enable"),
    **policy_methods.behaviours(ACCOUNTS, "iam.serviceAccounts", key, target),
}
