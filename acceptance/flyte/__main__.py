"""Starts the stand-in for Flyte's control plane.

    python acceptance/flyte SETTINGS.json

The settings: "address", "port" (Connect over plain HTTP/1.1, as Flyte's client speaks) and "securePort" (gRPC over TLS, with
"certificate" and "key", files), "kubeconfig" (a file as the tests write it: JSON), "store" ({"endpoint", "accessKey", "secretKey",
"region", "prefix": "s3://bucket"}), "layout" ("spec" or "flyte": where attempts write), "organization", and "driveNode": the name of the node whose
pods are played by the driver, if they are.
"""

import asyncio
import json
import sys
from pathlib import Path

import server

asyncio.run(server.run(json.loads(Path(sys.argv[1]).read_text())))
