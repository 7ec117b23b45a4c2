"""Who calls: the bearer of an access token. `owner.PROJECT` is the owner of a project, which is made on first use; all other
tokens were issued here, by sts, by iamcredentials, or for a person whom a test asked for."""

import secrets
from dataclasses import dataclass

from errors import unauthenticated

OWNER = "owner."


@dataclass(frozen=True)
class Caller:
    """A principal, under all the names by which policies may call it."""

    project: str
    members: tuple

    @property
    def name(self):
        return self.members[0]


def of(store, authorization):
    """The caller that an Authorization header names."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise unauthenticated()
    if token.startswith(OWNER):
        project = store.make_project(token.removeprefix(OWNER))
        return Caller(project.id, (project.owner, f"projectOwner:{project.id}"))
    caller, until = store.tokens.get(token, (None, 0))
    if store.now().timestamp() >= until:
        raise unauthenticated()
    return caller


def issue(store, caller, seconds, kind):
    """A token for a caller."""
    token = f"ya29.{kind}.{secrets.token_urlsafe(24)}"
    store.tokens[token] = (caller, store.now().timestamp() + seconds)
    return token


def account(project, email):
    return Caller(project.id, (f"serviceAccount:{email}",))


def person(store, project, name, permissions):
    """Somebody who may do in a project what is listed and nothing else, and their token."""
    role = f"projects/{project.id}/roles/{name}"
    member = f"user:{name}@{project.id}.example.com"
    if name not in project.people:
        store.policies.give(("cloudresourcemanager", f"projects/{project.id}"), role, [member])
        project.people[name] = issue(store, Caller(project.id, (member,)), 24 * 3600, "person")
    store.policies.custom_roles[role] = list(permissions)
    return project.people[name]
