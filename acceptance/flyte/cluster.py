"""The API server, by plain HTTP: what the stand-in asks of it is little, and an object stays the JSON that it is."""

import asyncio
import base64
import json
import ssl
import tempfile
from pathlib import Path

import httpx

TASK_ACTIONS = "/apis/flyte.org/v1"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
# An API server that is restarted by a test is back by then.
PATIENCE = 40


class Refused(Exception):
    """An answer of the API server that is not a success."""

    def __init__(self, response):
        try:
            message = response.json().get("message", "")
        except ValueError:
            message = response.text[:300]
        super().__init__(f"{response.request.method} {response.request.url.path}: {response.status_code} {message}")
        self.code = response.status_code


class Cluster:
    """A client of the API server in a kubeconfig."""

    def __init__(self, kubeconfig):
        config = json.loads(Path(kubeconfig).read_text())
        server, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(server["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as identity:
            for name in ("client-certificate-data", "client-key-data"):
                identity.write(base64.b64decode(user[name]) + b"\n")
            identity.flush()
            context.load_cert_chain(identity.name)
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
        self.client = httpx.AsyncClient(base_url=server["server"], verify=context, limits=limits, timeout=30, trust_env=False)

    async def ask(self, verb, path, body=None, kind="application/json", query=None):
        """The object in the answer; waits for a server that is being restarted."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                content = None if body is None else json.dumps(body)
                response = await self.client.request(
                    verb, path, content=content, params=query, headers={"Content-Type": kind, "Accept": "application/json"}
                )
            except httpx.TransportError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            else:
                if response.status_code not in (429, 500, 503) or asyncio.get_running_loop().time() > deadline:
                    if response.is_success:
                        return response.json()
                    raise Refused(response)
            await asyncio.sleep(0.2)

    async def get(self, path):
        """The object, or nothing."""
        try:
            return await self.ask("GET", path)
        except Refused as refused:
            if refused.code == 404:
                return None
            raise

    async def follow(self, path, query):
        """Every object, as ("ADDED" | "MODIFIED" | "DELETED", object), for ever; after a lost connection those that went
        away meanwhile come as DELETED."""
        known = {}
        while True:
            try:
                async for change, item in self._follow_once(path, query, known):
                    yield change, item
            except (httpx.TransportError, Refused, json.JSONDecodeError) as error:
                print("watching", path, "again:", error, flush=True)
                await asyncio.sleep(0.2)

    async def _follow_once(self, path, query, known):
        listed = await self.ask("GET", path, query=query)
        fresh = {item["metadata"]["uid"]: item for item in listed["items"]}
        for uid in [uid for uid in known if uid not in fresh]:
            yield "DELETED", known.pop(uid)
        for uid, item in fresh.items():
            change = "MODIFIED" if uid in known else "ADDED"
            known[uid] = item
            yield change, item
        watching = {**query, "watch": "true", "resourceVersion": listed["metadata"]["resourceVersion"]}
        timeout = httpx.Timeout(30, read=None)
        async with self.client.stream("GET", path, params=watching, timeout=timeout) as response:
            if not response.is_success:
                await response.aread()
                raise Refused(response)
            async for line in response.aiter_lines():
                event = json.loads(line)
                if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
                    return
                item = event["object"]
                if event["type"] == "DELETED":
                    known.pop(item["metadata"]["uid"], None)
                else:
                    known[item["metadata"]["uid"]] = item
                yield event["type"], item
