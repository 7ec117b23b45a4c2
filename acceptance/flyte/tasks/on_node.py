"""Runs tasks of this folder by Flyte's client, as a user would, and prints what became of each as one line of JSON.

    python on_node.py HOST:PORT ORGANIZATION PROJECT [NAME]...      in this folder; the names of `ASKED`, or all of them
"""

import asyncio
import json
import sys

import flyte
import flyte.remote
from asks import asks
from limits import greedy, patient, sprawling
from sidecar import reads_from_beside
from tasks import double, doubled_by_name, environment, fails, flaky, half_done, role, sleeps, sleeps_too_long, total

LIMIT = 300


async def finish(task, **inputs):
    """Runs a task to its end."""
    run = await flyte.run.aio(task, **inputs)
    await run.wait.aio(quiet=True)
    return await told(run)


async def abort():
    """Aborts a task that runs."""
    run = await flyte.run.aio(sleeps)
    await run.wait.aio(quiet=True, wait_for="running")
    await run.abort.aio("a test asked")
    await run.wait.aio(quiet=True)
    return await told(run)


async def answer():
    """Answers one of the two questions of a task."""
    run = await flyte.run.aio(asks)
    while not (found := await flyte.remote.Condition.get.aio("amount", run_name=run.name)) or not found.phase.endswith("PAUSED"):
        await asyncio.sleep(0.5)
    await found.signal.aio(3)
    await run.wait.aio(quiet=True)
    return await told(run)


async def deploy():
    """Deploys tasks, and runs one by its name."""
    await flyte.deploy.aio(environment, version="1")
    return await finish(flyte.remote.Task.get("acceptance.doubled_by_name", version="1"), x=21)


async def recover():
    """Recovers a run that was half done, and tells what became of the child."""
    first = await flyte.run.aio(half_done)
    await first.wait.aio(quiet=True)
    run = await flyte.with_runcontext(env_vars={"GO_ON": "1"}).rerun.aio(first.name, recover=True)
    await run.wait.aio(quiet=True)
    children = flyte.remote.Action.listall.aio(for_run_name=run.name, parent_name="a0")
    before = (await told(first))["phase"]
    return {**await told(run), "before": before, "children": [named(child.phase) async for child in children]}


ASKED = {
    "leaf": lambda: finish(double, x=21),
    "role": lambda: finish(role),
    "parent": lambda: finish(total, upto=3),
    "sidecar": lambda: finish(reads_from_beside),
    "flaky": lambda: finish(flaky),
    "failing": lambda: finish(fails),
    "timed_out": lambda: finish(sleeps_too_long),
    "aborted": abort,
    "asking": answer,
    "deployed": deploy,
    "recovered": recover,
    "greedy": lambda: finish(greedy),
    "sprawling": lambda: finish(sprawling),
    "evicted": lambda: finish(patient),
}


async def told(run):
    """What the client says of a run that has ended."""
    details = await run.details.aio()
    said = {"phase": named(details.action_details.phase), "attempts": details.action_details.attempts}
    if said["phase"] == "SUCCEEDED":
        said["outputs"] = list(await run.outputs.aio())
    elif error := details.action_details.error_info:
        said["error"], said["code"], said["kind"] = error.message, error.code, type(error).Kind.Name(error.kind)
    return said


def named(phase):
    return str(phase).rsplit(".", 1)[-1].upper()


async def main(endpoint, organization, project, *names):
    flyte.init(endpoint=f"http://{endpoint}", insecure=True, org=organization, project=project, domain="development")
    names = names or list(ASKED)
    async with asyncio.timeout(LIMIT):
        results = await asyncio.gather(*[ASKED[name]() for name in names])
    print(json.dumps(dict(zip(names, results, strict=True))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
