"""Google Kubernetes Engine: clusters are looked up, never made; a test says where they are."""

from calls import Behaviour
from errors import not_found


def get(call):
    found = call.store.get("container", call.name)
    if found is None:
        raise not_found(f"Not found: {call.name}.")
    return found.value


METHODS = {"container.projects.locations.clusters.get": Behaviour(get, ("container.clusters.get",))}
