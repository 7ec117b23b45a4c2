"""How objects of Compute Engine name each other: by URL, of which clients may leave out what is before the project."""

from errors import Refused

BEFORE = "https://www.googleapis.com/compute/v1/"


def url(name):
    return BEFORE + name


def path(link):
    """`projects/…` of a URL, or of what is a path already."""
    _, found, rest = link.partition("/projects/")
    return "projects/" + rest if found and "://" in link else link


def with_id(name, resource):
    """A name that ends in the object's number."""
    return f"{name.rsplit('/', 1)[0]}/{resource.value['id']}"


def project(name):
    return name.split("/")[1]


def scope(name):
    """`projects/P/regions/R` or `projects/P/global` of an object's name."""
    parts = name.split("/")
    return "/".join(parts[:3] if parts[2] == "global" else parts[:4])


def invalid(field, value, why):
    return Refused(400, "INVALID_ARGUMENT", f"Invalid value for field 'resource.{field}': '{value}'. {why}", reason="invalid")


def not_found(name):
    return Refused(404, "NOT_FOUND", f"The resource '{name}' was not found", reason="notFound")


def exists(name):
    return Refused(409, "ALREADY_EXISTS", f"The resource '{name}' already exists", reason="alreadyExists")


def in_use(name, by):
    message = f"The resource '{name}' is already being used by '{by}'"
    return Refused(400, "FAILED_PRECONDITION", message, reason="resourceInUseByAnotherResource")


def stale():
    return Refused(412, "FAILED_PRECONDITION", "Invalid fingerprint.", reason="conditionNotMet")


def found(store, name):
    """An object that has to be there."""
    resource = store.get("compute", store.canonical(name))
    if resource is None:
        raise not_found(name)
    return resource


def own(value, *hidden):
    """A value as it is shown: without what is empty."""
    return {key: shown for key, shown in value.items() if key not in hidden and shown not in (None, "", [], {})}
