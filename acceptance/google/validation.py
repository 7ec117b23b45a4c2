"""What a published description does not allow, in a request of a client and in an answer of ours."""

import re

# Of Google's front end, and in no document. `$alt` is what its own Rust clients send.
FRONT_END_PARAMETERS = {"$alt", "$apiVersion"}

# storage v1 marks no field as output only, so these are listed by hand from
# https://cloud.google.com/storage/docs/json_api/v1/buckets.
STORAGE_OUTPUT_ONLY = {
    "Bucket": {
        "id", "selfLink", "projectNumber", "timeCreated", "updated", "metageneration", "generation", "locationType",
        "softDeleteTime", "hardDeleteTime", "owner", "satisfiesPZS", "satisfiesPZI", "etag",
    }
}  # fmt: skip

# Described as immutable, and changed by `gcloud secrets replication update`: its keys are, its locations are not.
IMMUTABLE_IN_PART = {("Secret", "replication")}

# Values that are in no list of their field: an endpoint of Private Service Connect has no load balancer, which Google's own
# clients say so (recorded in the tests of GoogleCloudPlatform/k8s-config-connector).
UNLISTED = {("compute", "loadBalancingScheme"): ""}

# What the services forgive and Google's own clients rely on: whole buckets sent back, nulls, 64-bit integers as numbers.
GOOGLES_CLIENTS = ("google-cloud-sdk", "gcloud-python", "google-api-python-client")
GOOGLES_LANGUAGES = ("gl-python",)


def camel(name):
    """`updateTime` of `update_time`."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def is_googles(headers):
    """Whether a client is one of Google's own; their libraries for tokens say so by another header."""
    agent, client = headers.get("User-Agent", ""), headers.get("x-goog-api-client", "")
    return any(name in agent for name in GOOGLES_CLIENTS) or client.startswith(GOOGLES_LANGUAGES)


def check_request(method, query, body, forgiving):
    """Every way in which a request is not what the description of its method allows."""
    found = list(_check_query(method, query))
    if method.request:
        schema = method.api.schemas[method.request]
        found += Checker(method, "request", forgiving).check(schema, {} if body is None else body, "body")
        masked = method.parameters.get("updateMask", {}).get("format") == "google-fieldmask"
        for path in dict(query).get("updateMask", "").split(",") if masked and not forgiving else []:
            found += check_mask(method.api, schema, path)
    elif body not in (None, {}):
        found.append("a body where the method takes none")
    return found


def check_response(method, body):
    """The same for an answer."""
    if not method.response:
        return []
    return Checker(method, "response", False).check(method.api.schemas[method.response], body, "response")


def check_mask(api, schema, path):
    """A path of a field mask names fields that a client may write."""
    if path in ("", "*"):
        return
    at = schema
    for part in path.split("."):
        while "$ref" in at:
            at = api.schemas[at["$ref"]]
        if "additionalProperties" in at:
            return
        field = at.get("properties", {}).get(camel(part))
        if field is None:
            yield f"the mask's {path} is not a field of {schema['id']}"
            return
        description = field.get("description", "")
        if field.get("readOnly") or description.startswith("Identifier."):
            yield f"the mask's {path} is output only"
        if "Immutable." in description[:40] and (schema["id"], path) not in IMMUTABLE_IN_PART:
            yield f"the mask's {path} is immutable"
        at = field


def _is_required(field, method):
    by_annotation = method.id in field.get("annotations", {}).get("required", [])
    return field.get("required") or by_annotation or field.get("description", "").startswith("Required.")


def _check_query(method, query):
    seen = set()
    for name, value in query:
        parameter = method.parameters.get(name) or method.api.common_parameters.get(name)
        if parameter and name in seen and not parameter.get("repeated"):
            yield f"query parameter {name} twice"
        if parameter is None or parameter.get("location") == "path":
            if name not in FRONT_END_PARAMETERS:
                yield f"unknown query parameter {name}"
            continue
        seen.add(name)
        if "enum" in parameter and value not in parameter["enum"]:
            yield f"query {name}={value} is not one of {parameter['enum']}"
        # gcloud spells booleans True and False; the services take both.
        if parameter["type"] == "boolean" and value.lower() not in ("true", "false"):
            yield f"query {name}={value} is not a boolean"
        if parameter["type"] == "integer" and not re.fullmatch(r"-?\d+", value):
            yield f"query {name}={value} is not an integer"
        if "pattern" in parameter and not re.match(parameter["pattern"], value):
            yield f"query {name}={value} does not match {parameter['pattern']}"
    for name, parameter in method.parameters.items():
        if parameter.get("location") == "query" and _is_required(parameter, method) and name not in seen:
            yield f"missing query parameter {name}"


class Checker:
    """Compares a value with a schema of a method's API."""

    def __init__(self, method, direction, forgiving):
        self.method, self.api = method, method.api
        self.is_request = direction == "request"
        self.forgiving = forgiving

    def check(self, schema, value, at):
        if "$ref" in schema:
            own = {key: given for key, given in schema.items() if key != "$ref"}
            schema = {**self.api.schemas[schema["$ref"]], **own}
        if value is None:
            return [] if self._may_be_null() else [f"{at} is null"]
        check = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._plain("an integer", int),
            "number": self._plain("a number", (int, float)),
            "boolean": self._plain("a boolean", bool),
        }.get(schema.get("type"))
        return list(check(schema, value, at)) if check else []

    def _may_be_null(self):
        # null clears a field, in a merge patch only; storage alone has those.
        merges = self.api.name == "storage" and self.method.verb == "PATCH"
        return self.is_request and (merges or self.forgiving)

    def _is_output_only(self, schema, name):
        if schema["properties"][name].get("readOnly"):
            return True
        if self.api.name == "compute" and schema["properties"][name].get("description", "").startswith("[Output Only]"):
            return True
        listed = self.api.name == "storage" and name in STORAGE_OUTPUT_ONLY.get(schema.get("id"), ())
        return listed and not self.forgiving

    def _object(self, schema, value, at):
        if not isinstance(value, dict):
            yield f"{at} is not an object"
            return
        fields, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, given in value.items():
            here = f"{at}.{name}"
            if name in fields:
                if self.is_request and self._is_output_only(schema, name):
                    yield f"{here} is output only"
                yield from self.check(fields[name], given, here)
            elif others is not None:
                yield from self.check(others, given, here)
            else:
                yield f"{here} is not a field of {schema.get('id', 'this object')}"
        if self.is_request and self.method.verb == "POST":
            for name, field in fields.items():
                if _is_required(field, self.method) and name not in value:
                    yield f"{at}.{name} is missing and required"

    def _array(self, schema, value, at):
        if not isinstance(value, list):
            yield f"{at} is not a list"
            return
        for index, given in enumerate(value):
            yield from self.check(schema["items"], given, f"{at}[{index}]")

    def _string(self, schema, value, at):
        is_integer = "int64" in schema.get("format", "")
        if not isinstance(value, str):
            is_number = isinstance(value, int) and not isinstance(value, bool)
            if not (self.forgiving and is_integer and is_number):
                hint = " (64-bit integers travel as strings)" if is_integer else ""
                yield f"{at} is {type(value).__name__}, not a string{hint}"
            return
        if is_integer and not re.fullmatch(r"-?\d+", value):
            yield f"{at}={value} is not an integer"
        unlisted = UNLISTED.get((self.api.name, at.rsplit(".", 1)[-1]))
        if "enum" in schema and value not in schema["enum"] and not (self.is_request and value == unlisted):
            yield f"{at}={value} is not one of {schema['enum']}"
        if "pattern" in schema and not re.match(schema["pattern"], value):
            yield f"{at}={value} does not match {schema['pattern']}"

    @staticmethod
    def _plain(name, kind):
        def check(_schema, value, at):
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                yield f"{at} is not {name}"

        return check
