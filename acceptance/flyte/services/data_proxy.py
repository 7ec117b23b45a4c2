"""DataProxyService: uploads by signed URLs, inputs, and what actions read and wrote."""

import base64
import hashlib
import time

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.dataproxy import dataproxy_service_pb2 as proxy
from flyteidl2.dataproxy.dataproxy_service_connect import DataProxyService
from flyteidl2.task import common_pb2

from details import timestamp

LONGEST = 3600


class DataProxy(DataProxyService):
    """Writes beside the runs, under `uploads`."""

    def __init__(self, world):
        self.world = world

    async def create_upload_location(self, request, ctx):
        seconds = request.expires_in.ToSeconds() or LONGEST
        if seconds > LONGEST:
            raise ConnectError(Code.INVALID_ARGUMENT, f"expires_in exceeds {LONGEST} s")
        root = request.filename_root or base64.b32encode(request.content_md5).decode().rstrip("=").lower()
        parts = [self.world.store.prefix, "uploads", request.org, request.project, request.domain, root, request.filename]
        uri = "/".join(part for part in parts if part)
        md5 = base64.b64encode(request.content_md5).decode()
        return proxy.CreateUploadLocationResponse(
            signed_url=self.world.store.upload_url(uri, seconds, md5),
            native_url=uri,
            expires_at=timestamp(time.time() + seconds),
            headers={"Content-MD5": md5} if md5 else {},
        )

    async def upload_inputs(self, request, ctx):
        project = request.run_id if request.WhichOneof("id") == "run_id" else request.project_id
        name = project.project if request.WhichOneof("id") == "run_id" else project.name
        content = request.inputs.SerializeToString(deterministic=True)
        digest = hashlib.sha256(content).hexdigest()[:16]
        base = request.base_dir.rstrip("/") or self.world.store.prefix
        uri = f"{base}/uploads/{name}/{project.domain}/offloaded-inputs/{digest}"
        await self.world.store.write(f"{uri}/inputs.pb", content)
        answer = proxy.UploadInputsResponse()
        answer.offloaded_input_data.uri, answer.offloaded_input_data.inputs_hash = uri, digest
        return answer

    async def get_action_data(self, request, ctx):
        action = self.world.action(request.action_id)
        if action is None:
            raise ConnectError(Code.NOT_FOUND, "no such action")
        answer = proxy.GetActionDataResponse()
        answer.inputs_uri = f"{action.input_uri.removesuffix('/inputs.pb')}/inputs.pb"
        answer.outputs_uri = action.output_uri()
        if inputs := await self.world.store.read(answer.inputs_uri):
            answer.inputs.CopyFrom(common_pb2.Inputs.FromString(inputs))
        if answer.outputs_uri and (outputs := await self.world.store.read(answer.outputs_uri)):
            answer.outputs.CopyFrom(common_pb2.Outputs.FromString(outputs))
        return answer
