"""Google's discovery documents, as google-api-python-client carries them: which published method a request is."""

import importlib.util
import json
import os
import re
from urllib.parse import unquote, urlsplit

# cloudresourcemanager v1 is what gcloud still calls.
PUBLISHED = {
    "artifactregistry": ["v1"],
    "cloudresourcemanager": ["v3", "v1"],
    "compute": ["v1"],
    "container": ["v1"],
    "iam": ["v1"],
    "iamcredentials": ["v1"],
    "logging": ["v2"],
    "oauth2": ["v2"],
    "secretmanager": ["v1"],
    "serviceusage": ["v1"],
    "storage": ["v1"],
    "sts": ["v1"],
}


def folder():
    """Where the documents are; nothing of the client that carries them is imported."""
    package = importlib.util.find_spec("googleapiclient")
    return os.path.join(os.path.dirname(package.origin), "discovery_cache", "documents")


class Method:
    """One method of an API."""

    def __init__(self, api, described):
        self.api = api
        self.id = described["id"]
        self.verb = described["httpMethod"]
        self.template = api.service_path + described.get("flatPath", described["path"])
        self.parameters = described.get("parameters", {})
        self.request = described.get("request", {}).get("$ref")
        self.response = described.get("response", {}).get("$ref")
        last = self.template.rsplit("/", 1)[-1]
        # `setIamPolicy` of `…/secrets/{secret}:setIamPolicy`
        self.custom = last.rsplit(":", 1)[-1] if ":" in last else None
        self.path = self._pattern()

    @property
    def short(self):
        """The last part of the id: `create`."""
        return self.id.rsplit(".", 1)[-1]

    @property
    def literal(self):
        """How much of the path is fixed: of two methods that match, the more literal one is meant."""
        return len(re.sub(r"\{[^}]*\}", "", self.template))

    def _pattern(self):
        # A plain {x} is one segment, in which a percent-encoded slash stays; {+x} may hold slashes.
        parts = re.split(r"\{(\+?)(\w+)\}", self.template)
        pattern = re.escape(parts[0])
        for plus, name, literal in zip(parts[1::3], parts[2::3], parts[3::3]):
            pattern += f"(?P<{name}>{'.+' if plus else '[^/]+?'})" + re.escape(literal)
        return re.compile("^/" + pattern + "$")

    def resource_name(self, path):
        """`projects/p/secrets/s` of `/v1/projects/p/secrets/s:setIamPolicy`."""
        if self.api.name == "compute":
            # Its methods have a word of their own at the end of the path.
            return unquote(path).removeprefix("/" + self.api.service_path).removesuffix("/setLabels")
        name = unquote(path).split("/", 2)[-1]
        return name.removesuffix(":" + self.custom) if self.custom else name


class Api:
    """One version of one service."""

    def __init__(self, name, version):
        with open(os.path.join(folder(), f"{name}.{version}.json"), encoding="utf-8") as file:
            document = json.load(file)
        self.name, self.version, self.revision = name, version, document["revision"]
        self.service_path = document["servicePath"]
        self.schemas = document["schemas"]
        self.common_parameters = document["parameters"]
        self.host = urlsplit(document["rootUrl"]).netloc
        self.methods = list(self._methods(document))

    def _methods(self, described):
        for method in described.get("methods", {}).values():
            yield Method(self, method)
        for resource in described.get("resources", {}).values():
            yield from self._methods(resource)

    def find(self, verb, path):
        """The method and its path parameters, or nothing."""
        hits = [(m, found) for m in self.methods if m.verb == verb and (found := m.path.match(path))]
        last = path.rsplit("/", 1)[-1]
        if ":" in last:  # `…/x:verb` is only ever the method that ends in that verb
            verb_of_path = last.rsplit(":", 1)[-1]
            hits = [hit for hit in hits if hit[0].custom == verb_of_path] or hits
        if not hits:
            return None, None
        method, found = max(hits, key=lambda hit: hit[0].literal)
        return method, {name: unquote(value) for name, value in found.groupdict().items()}


def load():
    """All services by name, each with its versions."""
    return {name: [Api(name, version) for version in versions] for name, versions in PUBLISHED.items()}
