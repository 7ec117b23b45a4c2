"""Plays the pods of a node that does not exist: what a kubelet would tell of them, and what their tasks would write."""

import asyncio

from cluster import MERGE, STRATEGIC, Refused
from pods import script, status

# Only pods that ask for it come to the node.
TAINT = {"key": "acceptance.test/played", "value": "true", "effect": "NoSchedule"}
LABEL = {"acceptance.test/pods": "played"}
SIZE = {"cpu": "10000", "memory": "100Ti", "pods": "100000", "ephemeral-storage": "100Ti"}
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
RENEW = 10


class Driver:
    """A node and its pods."""

    def __init__(self, world, node):
        self.world, self.node = world, node
        self.cluster = world.cluster
        self.playing = {}
        # The names of an action's pods in the order in which they came: a name twice is two pods.
        self.seen = {}

    async def run(self):
        await self.join()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.beat())
            async for change, pod in self.cluster.follow("/api/v1/pods", {"fieldSelector": f"spec.nodeName={self.node}"}):
                self.take(group, change, pod)

    def take(self, group, change, pod):
        uid = pod["metadata"]["uid"]
        if change == "DELETED":
            if task := self.playing.pop(uid, None):
                task.cancel()
        elif "deletionTimestamp" in pod["metadata"]:
            if task := self.playing.get(uid):
                task.cancel()
            self.playing[uid] = group.create_task(self.end(pod))
        elif uid not in self.playing and pod["status"].get("phase") in (None, "Pending"):
            namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
            names = self.seen.setdefault((namespace, name.rsplit("-", 1)[0]), [])
            names.append(name)
            self.playing[uid] = group.create_task(self.play(pod, len(names) - 1))

    async def play(self, pod, turn):
        """Does what the script says, unless the pod goes away meanwhile."""
        try:
            for step in script.steps_of(pod, turn):
                await self.do(pod, step)
        except Refused as refused:
            if refused.code not in (404, 409):
                raise

    async def do(self, pod, step):
        primary = script.primary_of(pod)
        match step:
            case {"sleep": seconds}:
                await asyncio.sleep(seconds)
            case {"hold": name}:
                await self.world.gate(name).wait()
            case {"waiting": reason}:
                await self.show(pod, status.waiting(pod, reason, step.get("message", "")))
            case {"run": _}:
                await self.show(pod, status.running(pod))
            case {"exit": code}:
                told = status.ended(pod, primary, code, step.get("reason"), step.get("message"))
                await self.show(pod, status.only_ended(pod, primary, told) if step.get("beside") == "run" else told)
            case {"fail": _}:
                await self.show(pod, status.failed(pod, primary, step))
            case {"delete": _}:
                if "condition" in step:
                    mark = status.disruption(step["condition"], "EvictionByEvictionAPI", "Eviction API: evicting")
                    await self.show(pod, {"conditions": [mark]})
                await self.cluster.ask("DELETE", path_of(pod))
            case {"vanish": _}:
                await self.cluster.ask("DELETE", path_of(pod), query={"gracePeriodSeconds": "0"})
            case _:
                name, content = script.object_of(step)
                await self.world.store.write(f"{script.output_prefix_of(pod)}/{name}", content)

    async def show(self, pod, told):
        await self.cluster.ask("PATCH", path_of(pod, "/status"), {"status": told}, STRATEGIC)

    async def end(self, pod):
        """A pod that is being deleted: its containers end, then it is gone."""
        try:
            if pod.get("status", {}).get("phase") == "Running":
                await self.show(pod, status.ended(pod, script.primary_of(pod), 143, "Error", ""))
            await self.cluster.ask("DELETE", path_of(pod), query={"gracePeriodSeconds": "0"})
        except Refused as refused:
            if refused.code not in (404, 409):
                raise

    async def join(self):
        """Makes the node, ready for pods."""
        metadata = {"name": self.node, "labels": {**LABEL, "kubernetes.io/hostname": self.node, "kubernetes.io/os": "linux"}}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": [TAINT]}}
        try:
            await self.cluster.ask("POST", "/api/v1/nodes", node)
        except Refused as refused:
            if refused.code != 409:
                raise
        lease = {"metadata": {"name": self.node}, "spec": {"holderIdentity": self.node, "leaseDurationSeconds": 40}}
        try:
            await self.cluster.ask("POST", LEASES, lease)
        except Refused as refused:
            if refused.code != 409:
                raise
        ready = {"type": "Ready", "status": "True", "reason": "Played", "lastHeartbeatTime": status.now(), "lastTransitionTime": status.now()}
        told = {"status": {"capacity": SIZE, "allocatable": SIZE, "conditions": [ready]}}
        await self.cluster.ask("PATCH", f"/api/v1/nodes/{self.node}/status", told, STRATEGIC)

    async def beat(self):
        while True:
            renewed = {"spec": {"renewTime": status.now().replace("Z", ".000000Z")}}
            await self.cluster.ask("PATCH", f"{LEASES}/{self.node}", renewed, MERGE)
            await asyncio.sleep(RENEW)


def path_of(pod, subresource=""):
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}{subresource}"
