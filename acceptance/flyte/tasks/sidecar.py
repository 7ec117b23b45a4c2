"""A task with a pod template, as people write it: beside the task runs a container that never ends."""

import asyncio
from pathlib import Path

import flyte
from kubernetes.client import V1Container, V1EmptyDirVolumeSource, V1PodSpec, V1ResourceRequirements, V1Volume, V1VolumeMount

IMAGE = "localhost/dataplane-task:1"
SHARED = Path("/shared")
GREETING = "hello from beside"

mount = V1VolumeMount(name="shared", mount_path=str(SHARED))
few = {"cpu": "50m", "memory": "64Mi"}
beside = V1Container(
    name="beside",
    image=IMAGE,
    command=["sh", "-c", f"echo '{GREETING}' > {SHARED}/new && mv {SHARED}/new {SHARED}/greeting && exec sleep 3600"],
    resources=V1ResourceRequirements(requests=few, limits=few),
    volume_mounts=[mount],
)
primary = V1Container(name="primary", volume_mounts=[mount])
volumes = [V1Volume(name="shared", empty_dir=V1EmptyDirVolumeSource())]

environment = flyte.TaskEnvironment(
    name="beside",
    image=IMAGE,
    resources=flyte.Resources(cpu="100m", memory="300Mi"),
    pod_template=flyte.PodTemplate(
        primary_container_name="primary", pod_spec=V1PodSpec(containers=[primary, beside], volumes=volumes)
    ),
)


@environment.task
async def reads_from_beside() -> str:
    greeting = SHARED / "greeting"
    while not greeting.exists():
        await asyncio.sleep(0.2)
    return greeting.read_text().strip()
