"""moto's server with our parts on: it knows who calls, holds requests against EC2's description, and asks who may."""

import io
import json
import urllib.parse
from xml.sax.saxutils import escape

from moto.core import DEFAULT_ACCOUNT_ID
from moto.ec2.responses import EC2Response
from moto.elbv2.models import ELBv2Backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

import authorization
import balancers
import control
import description
import world
from connections import Connections
from endpoints import Endpoints
from services import Services

PARTS = (Services, Endpoints, Connections)
# Services whose accounts are told by the caller's key, as ministack tells them.
OURS = ("ec2", "elasticloadbalancing")


def put_on():
    """Gives moto's EC2 our operations."""
    for part in PARTS:
        for name in operations(part):
            setattr(EC2Response, name, vars(part)[name])
    ELBv2Backend.create_load_balancer = balancers.create_load_balancer


def operations(part):
    return [name for name in vars(part) if not name.startswith("_")]


class Application:
    def __init__(self):
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_ec2/"):
            with world.LOCK:
                return self.control(environ["REQUEST_METHOD"], path, body, start_response)
        key, region, service = scope(environ)
        if service not in OURS:
            return self.moto(environ, start_response)
        if key.isdigit() and len(key) == 12:
            environ.setdefault("HTTP_X_MOTO_ACCOUNT_ID", key)
        account = environ.get("HTTP_X_MOTO_ACCOUNT_ID", DEFAULT_ACCOUNT_ID)
        caller = environ.get("HTTP_X_DATAPLANE_PRINCIPAL") or f"arn:aws:iam::{account}:root"
        with world.LOCK:
            world.CALLER.set(caller)
            if service == "ec2":
                form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
                found = description.problems(form)
                if found:
                    control.violations(account).extend(found)
                    return refused(start_response, "400 Bad Request", "UnknownParameter", "; ".join(found))
                why = authorization.refusal(caller, account, region, form)
                if why:
                    return refused(start_response, "403 Forbidden", "UnauthorizedOperation", why)
            return self.moto(environ, start_response)

    def control(self, method, path, body, start_response):
        try:
            answer, status = control.answer(method, path, json.loads(body or b"{}")), "200 OK"
        except (control.Unknown, KeyError, ValueError) as why:
            answer, status = {"error": f"{type(why).__name__}: {why}"}, "400 Bad Request"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]


def scope(environ):
    """Access key, region and service of the signature."""
    _, found, rest = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")
    parts = rest.split(",")[0].split("/") if found else []
    return (parts[0], parts[2], parts[3]) if len(parts) == 5 else ("", "", "")


def refused(start_response, status, code, message):
    """An error in EC2's form."""
    text = f"<Errors><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></Errors>"
    start_response(status, [("Content-Type", "text/xml")])
    return [f"<?xml version=\"1.0\"?><Response>{text}<RequestID>stand-in</RequestID></Response>".encode()]


def server(port):
    put_on()
    return make_server("127.0.0.1", port, Application(), threaded=True, request_handler=MotoRequestHandler)
