"""What tests set up and ask about, under `/_…`: nothing that a cloud has.

    GET  /_violations                      every request that a description refused, and every wrong answer of ours
    GET  /_projects/P                      makes the project if need be: {"id", "number", "token"}
    PUT  /_projects/P/settings             {"operationPolls", "accountDelay", "disabled", "keysRequired"}, each optional
    GET | DELETE /_projects/P/violations   those of one project; DELETE answers with them and forgets them
    GET | DELETE /_projects/P/calls        [{"method", "path", "status"}]
    POST | DELETE /_projects/P/faults      see faults.py
    POST /_projects/P/people               {"name", "permissions": [...]}: somebody who may do that alone; {"token"}
    GET  /_projects/P/people/NAME          the permissions that somebody's calls took so far
    POST /_projects/P/roles                {"name", "permissions": [...]}: a custom role of the project's
    POST /_projects/P/clusters             {"name": "projects/P/locations/L/clusters/C", "value": Cluster}
    POST /_projects/P/networks             {"name", "subnetworks": [{"name", "region", "range", "purpose"}], "forwardingRules": [{"name",
                                           "region"}]}: a network, with internal load balancers in it
    GET  /_projects/P/connections/R        {"noAutomateDnsZone"} of the endpoint (forwarding rule) R, which Google tells nobody
    POST /_projects/P/connections/R/S      the connection of the endpoint (forwarding rule) R of the project stands so now
    POST /_projects/P/images               a DockerImage, {"name": "projects/P/locations/L/repositories/R/dockerImages/I"}: pushed there
    POST /_issuers                         {"issuer", and "jwksUri" with "certificateAuthority", or "keys"}: where its keys really are
    POST /_tokens                          {"issuer", "claims"}: {"token"} with these claims, of an issuer whose keys are made and known here
    POST /_clock                           {"now": "2026-03-01T08:00:00Z"}: so late it is now for tokens and conditions
    POST /_oauth/token                     a refresh token's access token, which is the same: credential files need the detour
    POST /_token-review/P                  an API server's TokenReview
    GET | POST /_gates/NAME                how many calls wait; POST lets all pass, now and later
"""

import json
from urllib.parse import parse_qsl

import access
import conditions
import identities
from calls import named
from errors import Refused
from faults import Fault, Gate
from services import federation
from services.compute import connections, networks
from store import Resource


class Control:
    """The administration of a store. Callers hold its lock."""

    def __init__(self, store):
        self.store = store

    def answer(self, verb, path, raw):
        """The status and the body for a request."""
        if path == "/_oauth/token":
            # Google's Rust library sends JSON, all others a form.
            fields = json.loads(raw) if raw.startswith(b"{") else dict(parse_qsl(raw.decode()))
            token = fields.get("refresh_token", "")
            return 200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
        body = json.loads(raw) if raw else None
        match [verb, *path.strip("/").split("/")]:
            case ["GET", "_violations"]:
                return 200, self.store.violations
            case ["POST", "_issuers"]:
                self.store.issuers[body["issuer"]] = body
                return 200, {}
            case ["POST", "_tokens"]:
                return 200, {"token": federation.signed(self.store, body["issuer"], body["claims"])}
            case ["POST", "_clock"]:
                self.store.set_clock(conditions.timestamp(body["now"]))
                return 200, {}
            case ["POST", "_token-review", project]:
                return 200, self._review(project, body)
            case ["GET", "_gates", name]:
                return 200, {"waiting": self.gate(name).waiting}
            case ["POST", "_gates", name]:
                self.gate(name).open()
                return 200, {}
            case [_, "_projects", project, *rest]:
                return self._project(verb, self.store.make_project(project), rest, body)
        return 404, {"error": f"nothing is administered by {verb} {path}"}

    def gate(self, name):
        return self.store.gates.setdefault(name, Gate())

    def _project(self, verb, project, rest, body):
        match [verb, *rest]:
            case ["GET"]:
                token = identities.OWNER + project.id
                return 200, {"id": project.id, "number": project.number, "token": token}
            case ["PUT", "settings"]:
                project.operation_polls = body.get("operationPolls", project.operation_polls)
                project.account_delay = body.get("accountDelay", project.account_delay)
                project.disabled = set(body.get("disabled", project.disabled))
                project.keys_required = set(body.get("keysRequired", project.keys_required))
                return 200, {}
            case ["GET" | "DELETE", ("violations" | "calls") as what]:
                found = getattr(project, what)
                if verb == "DELETE":
                    setattr(project, what, [])
                return 200, found
            case ["POST", "faults"]:
                project.faults += [Fault.of(asked) for asked in body]
                return 200, {}
            case ["DELETE", "faults"]:
                project.faults = []
                return 200, {}
            case ["POST", "people"]:
                return 200, {"token": identities.person(self.store, project, body["name"], body["permissions"])}
            case ["GET", "people", name]:
                return 200, sorted(self.store.used.get(f"user:{name}@{project.id}.example.com", ()))
            case ["POST", "roles"]:
                self.store.policies.custom_roles[f"projects/{project.id}/roles/{body['name']}"] = body["permissions"]
                return 200, {}
            case ["POST", "clusters"]:
                self.store.put("container", body["name"], Resource(project, body["value"]))
                return 200, {}
            case ["POST", "networks"]:
                return 200, networks.put(self.store, project, body)
            case ["GET", "connections", rule]:
                return 200, connections.untold(self.store, project, rule)
            case ["POST", "connections", rule, status]:
                return 200, connections.set_status(self.store, project, rule, status)
            case ["POST", "images"]:
                self.store.put("artifactregistry", body["name"], Resource(project, body))
                return 200, {}
        return 404, {"error": f"a project has no {verb} {'/'.join(rest)}"}

    def _review(self, project, review):
        """As GKE says who an access token is: an administrator is who may have every object of a cluster's."""
        try:
            caller = identities.of(self.store, "Bearer " + review["spec"].get("token", ""))
            about = named(self.store, "container", f"projects/{self.store.project(project).id}")
            admin = access.allowed(self.store, caller, "container.clusterRoles.bind", about)
            groups = ["system:masters"] if admin else []
            status = {"authenticated": True, "user": {"username": caller.name.split(":", 1)[-1], "groups": groups}}
        except Refused as refusal:
            status = {"authenticated": False, "error": refusal.message}
        return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}
