"""Tasks as people write them, for the tests that run Flyte's own client."""

import asyncio
import os
from datetime import timedelta

import flyte
import flyte.remote

environment = flyte.TaskEnvironment(
    name="acceptance", image="localhost/dataplane-task:1", resources=flyte.Resources(cpu="100m", memory="300Mi")
)


@environment.task
async def double(x: int) -> int:
    return 2 * x


@environment.task
async def role() -> str:
    """The cloud role of the pod, and the names of keys, which would be used in its place."""
    keys = [name for name in os.environ if "ACCESS_KEY" in name]
    return " ".join([os.environ["AWS_ROLE_ARN"], *keys])


@environment.task
async def total(upto: int) -> int:
    """A parent: each of its children is an action of its own."""
    return sum(await asyncio.gather(*[double(x) for x in range(1, upto + 1)]))


@environment.task
async def doubled_by_name(x: int) -> int:
    """Has a child that was deployed before, in whichever version is the newest."""
    return await flyte.remote.Task.get("acceptance.double", auto_version="latest")(x=x)


@environment.task
async def half_done() -> int:
    """Fails after its child succeeded, until somebody lets it go on."""
    done = await double(x=4)
    if "GO_ON" not in os.environ:
        raise ValueError("this task waits to be let go on")
    return done


@environment.task(retries=2)
async def fails() -> int:
    raise ValueError("this task always fails")


@environment.task(retries=1)
async def flaky() -> int:
    """Fails once. The number of the attempt counts from 0."""
    attempt = int(os.environ["FLYTE_ATTEMPT_NUMBER"])
    if attempt == 0:
        raise ValueError("this task fails once")
    return attempt


@environment.task(timeout=timedelta(seconds=15))
async def sleeps_too_long() -> int:
    await asyncio.sleep(600)
    return 0


@environment.task
async def sleeps() -> int:
    await asyncio.sleep(600)
    return 0
