"""The chain without an executor: Flyte's client runs a task, and this plays the executor of its one action, with the real
entrypoint `a0` as a plain process and events over gRPC. It shows that the stand-in is what Flyte's client takes it for.

    python acceptance/flyte/tasks/chain.py SETTINGS.json      the settings of the running stand-in; in this folder
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import flyte

sys.path.insert(0, str(Path(__file__).parent.parent))

from cluster import MERGE, TASK_ACTIONS, Cluster
from connectrpc.protocol import ProtocolType
from details import timestamp
from flyteidl2.core import tasks_pb2
from flyteidl2.workflow import events_proxy_service_pb2, run_definition_pb2
from flyteidl2.workflow.events_proxy_service_connect import EventsProxyServiceClient
from layout import attempt_prefix
from pyqwest import Client, HTTPTransport, HTTPVersion
from tasks import double
from watch import identifier_of
from world import PHASES

PROJECT, DOMAIN = "chain", "development"
REASONS = {
    PHASES.ACTION_PHASE_QUEUED: ("Progressing", "Queued"),
    PHASES.ACTION_PHASE_RUNNING: ("Progressing", "Executing"),
    PHASES.ACTION_PHASE_SUCCEEDED: ("Succeeded", "Completed"),
    PHASES.ACTION_PHASE_FAILED: ("Failed", "PermanentFailure"),
}

class Executor:
    """Plays the executor for the action of a run."""

    def __init__(self, settings):
        self.settings, self.cluster = settings, Cluster(settings["kubeconfig"])
        authority = Path(settings["authority"]).read_bytes()
        transport = HTTPTransport(tls_ca_cert=authority, http_version=HTTPVersion.HTTP2)
        address = f"https://127.0.0.1:{settings['securePort']}"
        self.events = EventsProxyServiceClient(address, protocol=ProtocolType.GRPC, http_client=Client(transport))

    async def run(self):
        collection = f"{TASK_ACTIONS}/namespaces/{PROJECT}-{DOMAIN}/taskactions"
        async for change, resource in self.cluster.follow(collection, {}):
            if change == "ADDED" and not resource.get("status"):
                await self.execute(resource, f"{collection}/{resource['metadata']['name']}")

    async def execute(self, resource, path):
        outputs = attempt_prefix(self.settings["layout"], resource, 1)
        await self.report(resource, path, PHASES.ACTION_PHASE_QUEUED)
        await self.report(resource, path, PHASES.ACTION_PHASE_RUNNING)
        done = await asyncio.to_thread(self.a0, resource, outputs)
        ended = PHASES.ACTION_PHASE_SUCCEEDED if done.returncode == 0 else PHASES.ACTION_PHASE_FAILED
        await self.report(resource, path, ended, outputs, done.stderr[-500:])

    async def report(self, resource, path, phase, outputs=None, error=""):
        """The event, then the status."""
        event = run_definition_pb2.ActionEvent(
            id=identifier_of(self.settings["organization"], resource), attempt=1, phase=phase, cluster="chain"
        )
        event.updated_time.GetCurrentTime()
        event.reported_time.GetCurrentTime()
        if phase == PHASES.ACTION_PHASE_SUCCEEDED:
            event.outputs.output_uri = f"{outputs}/outputs.pb"
        if phase == PHASES.ACTION_PHASE_FAILED:
            event.error_info.message = error or "no error"
        await self.events.record(events_proxy_service_pb2.RecordRequest(events=[event]))
        kind, reason = REASONS[phase]
        stamp = timestamp(event.updated_time.seconds).ToJsonString()
        condition = {"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": stamp}
        body = {"status": {"attempts": 1, "conditions": [condition]}}
        await self.cluster.ask("PATCH", f"{path}/status", body, MERGE)

    def a0(self, resource, outputs):
        """Runs the entrypoint with the arguments that an executor gives it."""
        spec = resource["spec"]
        template = tasks_pb2.TaskTemplate.FromString(base64.b64decode(spec["taskTemplate"]))
        values = {
            "input": f"{spec['inputUri']}/inputs.pb",
            "outputPrefix": outputs,
            "rawOutputDataPrefix": f"{outputs}/raw",
            "checkpointOutputPrefix": f"{outputs}/_flytecheckpoints",
            "prevCheckpointPrefix": '""',
        }
        arguments = [values.get(argument.strip("{}. "), argument) for argument in template.container.args]
        arguments[0] = str(Path(sys.executable).parent / arguments[0])
        store = self.settings["store"]
        variables = {
            **os.environ,
            **spec.get("envVars", {}),
            "ACTION_NAME": spec["actionName"],
            "RUN_NAME": spec["runName"],
            "_U_RUN_BASE": spec["runOutputBase"],
            "_U_ORG_NAME": self.settings["organization"],
            "FLYTE_INTERNAL_EXECUTION_PROJECT": PROJECT,
            "FLYTE_INTERNAL_EXECUTION_DOMAIN": DOMAIN,
            "_U_EP_OVERRIDE": f"127.0.0.1:{self.settings['port']}",
            "_U_INSECURE": "1",
            "FLYTE_AWS_ENDPOINT": store["endpoint"],
            "FLYTE_AWS_ACCESS_KEY_ID": store["accessKey"],
            "FLYTE_AWS_SECRET_ACCESS_KEY": store["secretKey"],
            "AWS_REGION": store["region"],
        }
        with tempfile.TemporaryDirectory() as directory:
            return subprocess.run(arguments, cwd=directory, env=variables, capture_output=True, text=True, check=False, timeout=60)


async def main(settings):
    executing = asyncio.create_task(Executor(settings).run())
    flyte.init(endpoint=f"http://127.0.0.1:{settings['port']}", insecure=True, org=settings["organization"], project=PROJECT, domain=DOMAIN)
    run = await flyte.run.aio(double, x=21)
    waiting = asyncio.create_task(run.wait.aio(quiet=True))
    # An executor that fails is told of at once.
    await asyncio.wait([waiting, executing], return_when=asyncio.FIRST_COMPLETED, timeout=60)
    if executing.done():
        executing.result()
    await waiting
    outputs = await run.outputs.aio()
    print(json.dumps({"phase": str(run.phase), "outputs": list(outputs)}))
    executing.cancel()


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())))
