"""Calls Google Cloud through Google's own clients, one JSON line in, one out: an eye that shares no code with the provider."""

import json
import sys

import google.auth.exceptions
import google.auth.identity_pool
import google.auth.transport.requests
import google.oauth2.credentials
import googleapiclient.discovery
import googleapiclient.discovery_cache
import googleapiclient.errors
import googleapiclient.http

clients = {}


def client(ask):
    key = (ask["service"], ask["endpoint"], ask["token"])
    if key not in clients:
        service, version = ask["service"].split(".")
        document = json.loads(googleapiclient.discovery_cache.get_static_doc(service, version))
        # Uploads go to the root, whatever endpoint is set.
        document["rootUrl"] = ask["endpoint"] + ("/" if service == "storage" else f"/{service}/")
        credentials = google.oauth2.credentials.Credentials(ask["token"])
        clients[key] = googleapiclient.discovery.build_from_document(document, credentials=credentials)
    return clients[key]


def call(ask):
    *collections, method = ask["method"].split(".")
    resource, parameters = client(ask), ask["parameters"]
    for collection in collections:
        resource = getattr(resource, collection)()
    if "content" in parameters:
        content = parameters.pop("content").encode()
        parameters["media_body"] = googleapiclient.http.MediaInMemoryUpload(content, "text/plain")
    answer = getattr(resource, method)(**parameters).execute()
    return answer.decode() if isinstance(answer, bytes) else answer


def token(credentials):
    by = google.auth.identity_pool.Credentials.from_info(
        credentials, scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    by.refresh(google.auth.transport.requests.Request())
    return by.token


for line in sys.stdin:
    ask = json.loads(line)
    try:
        answer = {"ok": token(ask["credentials"]) if "credentials" in ask else call(ask)}
    except googleapiclient.errors.HttpError as error:
        answer = {"refused": {"code": error.status_code, "message": error.reason}}
    except google.auth.exceptions.RefreshError as error:
        answer = {"refused": {"code": 403, "message": str(error)}}
    except Exception as error:  # the asker fails with it
        answer = {"broken": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
