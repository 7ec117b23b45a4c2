"""The three methods by which every resource with an IAM policy is asked for it."""

import access
from calls import Behaviour, named
from errors import not_found


def behaviours(methods, permissions, key=lambda call: (call.service, call.name), target=None):
    """`getIamPolicy`, `setIamPolicy` and `testIamPermissions` of a kind of resource. `key` says whose policy it is."""

    def existing(call):
        service, name = key(call)
        if service != access.PROJECTS and call.store.get(service, name) is None:
            raise not_found(f"{name} was not found.")
        return service, name

    def get(call):
        options = (call.body or {}).get("options", {})
        version = call.q.get("options.requestedPolicyVersion") or options.get("requestedPolicyVersion") or 0
        return call.store.policies.read(existing(call), int(version))

    def set_(call):
        return call.store.policies.write(existing(call), call.body["policy"], call.project.violations)

    def test(call):
        service, name = existing(call)
        about = target(call) if target else named(call.store, service, name)
        asked = call.body.get("permissions", [])
        held = [permission for permission in asked if access.allowed(call.store, call.caller, permission, about)]
        return {"permissions": held} if held else {}

    return {
        f"{methods}.getIamPolicy": Behaviour(get, (f"{permissions}.getIamPolicy",), target),
        f"{methods}.setIamPolicy": Behaviour(set_, (f"{permissions}.setIamPolicy",), target),
        f"{methods}.testIamPermissions": Behaviour(test, (), target),
    }
