"""Tasks that take more than they asked for, and one that takes long enough to be taken away from its node."""

import asyncio
from pathlib import Path

import flyte

environment = flyte.TaskEnvironment(
    name="limits", image="localhost/dataplane-task:1", resources=flyte.Resources(cpu="100m", memory="300Mi", disk="30Mi")
)


@environment.task
async def greedy() -> int:
    """Wants more memory than there is for it."""
    return len(b"x" * (1 << 30))


@environment.task
async def sprawling() -> int:
    """Writes more than there is room for, and waits until somebody sees it."""
    (Path.home() / "large").write_bytes(b"x" * (100 << 20))
    await asyncio.sleep(600)
    return 0


@environment.task
async def patient() -> int:
    await asyncio.sleep(20)
    return 7
