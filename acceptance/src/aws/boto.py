"""Calls AWS through boto3, one JSON line in, one out: an eye that shares no code with the provider."""

import base64
import datetime
import json
import sys

import boto3
import botocore.config
import botocore.exceptions

clients = {}


def client(ask):
    key = json.dumps([ask[k] for k in ("service", "endpoint", "region", "access_key", "session_token")])
    if key not in clients:
        clients[key] = boto3.client(
            ask["service"],
            endpoint_url=ask["endpoint"],
            region_name=ask["region"],
            aws_access_key_id=ask["access_key"],
            aws_secret_access_key=ask["secret_key"],
            aws_session_token=ask["session_token"],
            verify=ask["bundle"],
            config=botocore.config.Config(
                retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, connect_timeout=10, read_timeout=60
            ),
        )
    return clients[key]


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        return value.read().decode(errors="replace")
    return str(value)


for line in sys.stdin:
    ask = json.loads(line)
    try:
        if ask["operation"] == "generate_presigned_url":
            answer = {"ok": client(ask).generate_presigned_url(**ask["parameters"])}
        else:
            answer = {"ok": getattr(client(ask), ask["operation"])(**ask["parameters"])}
    except botocore.exceptions.ClientError as error:
        said = error.response["Error"]
        answer = {"refused": {"code": said.get("Code", ""), "message": said.get("Message", "")}}
    except Exception as error:  # the asker fails with it
        answer = {"broken": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=plain), flush=True)
