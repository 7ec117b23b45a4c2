"""The server: every service at both ports, in whichever protocol the caller speaks, and what tests ask under `/_`."""

import asyncio

from hypercorn.asyncio import serve
from hypercorn.config import Config

import services
from callers import SCHEME
from checks import Checks
from cluster import Cluster
from control import Control
from pods.driver import Driver
from store import Store
from watch import Watch
from world import World


class Application:
    """Leads a request to its service."""

    def __init__(self, world):
        checks = Checks(world)
        self.control = Control(world)
        self.services = {application.path: application for application in services.applications(world, checks)}

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                asked = (await receive())["type"]
                await send({"type": f"{asked}.complete"})
                if asked == "lifespan.shutdown":
                    return
        elif scope["path"].startswith("/_"):
            await self.control(scope, receive, send)
        else:
            SCHEME.set(scope["scheme"])
            service = "/" + scope["path"].split("/")[1]
            await self.services.get(service, unknown)(scope, receive, send)


async def unknown(scope, _receive, send):
    """A service that is not here; the log says which."""
    print("not here:", scope["path"], flush=True)
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def run(settings):
    """Serves until the process is ended."""
    cluster = Cluster(settings["kubeconfig"])
    world = World(cluster, Store(settings["store"]), settings["layout"], settings["organization"])
    config = Config()
    config.insecure_bind = [f"{settings['address']}:{settings['port']}"]
    config.bind = [f"{settings['address']}:{settings['securePort']}"]
    config.certfile, config.keyfile = settings["certificate"], settings["key"]
    config.keep_alive_timeout = 3600
    config.h2_max_concurrent_streams = 1000
    config.graceful_timeout = 0.2
    config.accesslog = None
    background = [Watch(world).run()]
    if node := settings.get("driveNode"):
        world.driver = Driver(world, node)
        background.append(world.driver.run())
    async with asyncio.TaskGroup() as group:
        for coroutine in background:
            group.create_task(coroutine)
        await serve(Application(world), config)
