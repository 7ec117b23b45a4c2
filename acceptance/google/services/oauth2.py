"""Who the bearer of a token is, for those who have an e-mail address."""

from calls import Behaviour
from errors import unauthenticated


def userinfo(call):
    kind, _, address = call.caller.name.partition(":")
    if kind not in ("user", "serviceAccount"):
        raise unauthenticated()
    return {"id": call.caller.project, "email": address, "verified_email": True}


METHODS = {"oauth2.userinfo.get": Behaviour(userinfo, target=lambda call: None)}
