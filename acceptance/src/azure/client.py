"""Calls Azure through Microsoft's own clients, one JSON line in, one out: an eye that shares no code with the provider.

The clients are told nothing of the stand-in: whatever host of Azure's they look up is led to it.
"""

import importlib
import json
import logging
import socket
import sys

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.core.paging import ItemPaged
from azure.core.pipeline.transport import RequestsTransport
from azure.core.polling import LROPoller
from azure.identity import ClientAssertionCredential
from azure.keyvault.secrets import SecretClient
from azure.storage.blob import BlobServiceClient

# The version of each API, and the module and class of its client.
MANAGEMENT = {
    "authorization": ("azure.mgmt.authorization", "AuthorizationManagementClient", "2022-04-01"),
    "containerregistry": ("azure.mgmt.containerregistry", "ContainerRegistryManagementClient", "2025-11-01"),
    "containerservice": ("azure.mgmt.containerservice", "ContainerServiceClient", "2025-02-01"),
    "keyvault": ("azure.mgmt.keyvault", "KeyVaultManagementClient", "2024-11-01"),
    "loganalytics": ("azure.mgmt.loganalytics", "LogAnalyticsManagementClient", None),
    "msi": ("azure.mgmt.msi", "ManagedServiceIdentityClient", "2024-11-30"),
    "network": ("azure.mgmt.network", "NetworkManagementClient", None),
    "resource": ("azure.mgmt.resource", "ResourceManagementClient", "2021-04-01"),
    "storage": ("azure.mgmt.storage", "StorageManagementClient", "2024-01-01"),
}
AZURE = ("azure.com", "azure.net", "windows.net", "microsoftonline.com", "azurecr.io")

logging.disable()  # what is refused on purpose is no news
led = {"to": None}
resolve = socket.getaddrinfo


def lead(host, port, *rest, **named):
    if isinstance(host, str) and host.endswith(AZURE):
        host, port = led["to"]
    return resolve(host, port, *rest, **named)


socket.getaddrinfo = lead
clients = {}


class Given:
    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **options):
        return AccessToken(self.token, 4102444800)


def client(ask):
    key = tuple(ask[k] for k in ("service", "address", "authority", "token", "subscription"))
    if key not in clients:
        clients[key] = new_client(ask)
    return clients[key]


def new_client(ask):
    kind, _, name = ask["service"].partition("/")
    credential = Given(ask["token"])
    # One answer is one answer: no attempt is made twice.
    options = {"connection_verify": ask["authority"], "retry_total": 0, "polling_interval": 0}
    if kind == "secrets":
        return SecretClient(f"https://{name}.vault.azure.net", credential, api_version="2025-07-01", **options)
    if kind == "blob":
        account, _, container = name.partition("/")
        service = BlobServiceClient(f"https://{account}.blob.core.windows.net", credential, **options)
        return service.get_container_client(container) if container else service
    module, found, version = MANAGEMENT[kind]
    if version:
        options["api_version"] = version
    return getattr(importlib.import_module(module), found)(credential, ask["subscription"], **options)


def models(kind):
    """The module of a service's models: {"$model": NAME, …} is one of them, so that Microsoft says how it is sent."""
    module = "azure.mgmt.resource.resources" if kind == "resource" else MANAGEMENT[kind][0]
    return importlib.import_module(module + ".models")


def made(value, kind):
    if isinstance(value, list):
        return [made(one, kind) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {name: made(one, kind) for name, one in value.items() if name != "$model"}
    return getattr(models(kind), value["$model"])(**inner) if "$model" in value else inner


def call(ask):
    target, parameters = client(ask), made(ask["parameters"], ask["service"])
    *groups, method = ask["method"].split(".")
    for group in groups:
        target = getattr(target, group)
    return plain(getattr(target, method)(**parameters))


def plain(value):
    if isinstance(value, LROPoller):
        value.wait()  # the result of a vault's is there before it is true
        return plain(value.result())
    if isinstance(value, (ItemPaged, list, tuple)):
        return [plain(one) for one in value]
    if hasattr(value, "readall"):
        return value.readall().decode(errors="replace")
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if hasattr(value, "properties") and hasattr(value, "name"):  # a secret
        return {"name": value.name, "value": getattr(value, "value", None), "tags": value.properties.tags, "id": value.id}
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    return str(value)


def token(ask):
    credential = ClientAssertionCredential(
        ask["tenant"], ask["client"], lambda: ask["assertion"],
        transport=RequestsTransport(connection_verify=ask["authority"]), disable_instance_discovery=True, retry_total=0,
    )
    return credential.get_token(ask["scope"]).token


def refused(error):
    code = getattr(getattr(error, "error", None), "code", None) or getattr(error, "error_code", None)
    return {"code": str(getattr(code, "value", code) or error.status_code), "message": str(error.message)}


for line in sys.stdin:
    ask = json.loads(line)
    host, _, port = ask["address"].rpartition(":")
    led["to"] = (host, int(port))
    try:
        answer = {"ok": token(ask) if "assertion" in ask else call(ask)}
    except ClientAuthenticationError as error:
        answer = {"refused": {"code": error.message.split("AADSTS")[-1].split(":")[0] if "AADSTS" in error.message else "401", "message": error.message}}
    except HttpResponseError as error:
        answer = {"refused": refused(error)}
    except Exception as error:  # the asker fails with it
        answer = {"broken": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=str), flush=True)
