"""Runs every task of tasks.py and sidecar.py by Flyte's client, as a user would, and prints what became of each as one line of
JSON.

    python on_node.py HOST:PORT ORGANIZATION PROJECT      in this folder
"""

import asyncio
import json
import sys

import flyte
from sidecar import reads_from_beside
from tasks import double, fails, flaky, role, sleeps, sleeps_too_long, total

LIMIT = 300


async def finish(task, **inputs):
    """Runs a task to its end."""
    run = await flyte.run.aio(task, **inputs)
    await run.wait.aio(quiet=True)
    return run


async def abort():
    """Aborts a task that runs."""
    run = await flyte.run.aio(sleeps)
    await run.wait.aio(quiet=True, wait_for="running")
    await run.abort.aio("a test asked")
    await run.wait.aio(quiet=True)
    return run


async def told(run):
    """What the client says of a run that has ended."""
    details = await run.details.aio()
    said = {"phase": str(details.action_details.phase).rsplit(".", 1)[-1].upper(), "attempts": details.action_details.attempts}
    if said["phase"] == "SUCCEEDED":
        said["outputs"] = list(await run.outputs.aio())
    elif details.action_details.error_info:
        said["error"] = details.action_details.error_info.message
    return said


async def main(endpoint, organization, project):
    flyte.init(endpoint=f"http://{endpoint}", insecure=True, org=organization, project=project, domain="development")
    asked = {
        "leaf": finish(double, x=21),
        "role": finish(role),
        "parent": finish(total, upto=3),
        "sidecar": finish(reads_from_beside),
        "flaky": finish(flaky),
        "failing": finish(fails),
        "timed_out": finish(sleeps_too_long),
        "aborted": abort(),
    }
    async with asyncio.timeout(LIMIT):
        runs = await asyncio.gather(*asked.values())
        results = {name: await told(run) for name, run in zip(asked, runs, strict=True)}
    print(json.dumps(results))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
