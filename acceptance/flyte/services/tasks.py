"""TaskService: tasks that were deployed, to be run by their names later on."""

import time
from dataclasses import dataclass

from connectrpc.code import Code
from connectrpc.errors import ConnectError
from flyteidl2.common import list_pb2
from flyteidl2.task import task_definition_pb2 as tasks
from flyteidl2.task import task_service_pb2 as service
from flyteidl2.task.task_service_connect import TaskService

from details import timestamp
from listing import narrowed


@dataclass
class Deployed:
    """A version of a task."""

    id: object  # task.TaskIdentifier
    spec: object  # task.TaskSpec
    at: float

    def metadata(self):
        metadata = tasks.TaskMetadata(short_name=self.spec.short_name, environment_name=self.spec.environment.name)
        metadata.deployed_by.user.id.subject = "somebody"
        metadata.deployed_at.CopyFrom(timestamp(self.at))
        return metadata


def key_of(identifier):
    return (identifier.project, identifier.domain, identifier.name, identifier.version)


def find(world, identifier):
    """The task with this identifier, which must have been deployed."""
    deployed = world.tasks.get(key_of(identifier))
    if deployed is None:
        raise ConnectError(Code.NOT_FOUND, f"task {identifier.name} was not deployed in version {identifier.version}")
    return deployed


class Tasks(TaskService):
    """Keeps every version in memory."""

    def __init__(self, world):
        self.world = world

    async def deploy_task(self, request, ctx):
        if request.triggers:
            raise ConnectError(Code.UNIMPLEMENTED, "the stand-in has no triggers")
        if key_of(request.task_id) in self.world.tasks:
            raise ConnectError(Code.ALREADY_EXISTS, f"this version of {request.task_id.name} was deployed before")
        self.world.tasks[key_of(request.task_id)] = Deployed(request.task_id, request.spec, time.time())
        return service.DeployTaskResponse()

    async def get_task_details(self, request, ctx):
        deployed = find(self.world, request.task_id)
        details = tasks.TaskDetails(task_id=deployed.id, metadata=deployed.metadata(), spec=deployed.spec)
        return service.GetTaskDetailsResponse(details=details)

    async def list_tasks(self, request, ctx):
        project = (request.project_id.name, request.project_id.domain)
        found = [deployed for key, deployed in self.world.tasks.items() if key[:2] == project]
        if request.request.sort_by.direction == list_pb2.Sort.DESCENDING:
            found.reverse()
        found = narrowed(request.request, found, {"name": lambda deployed: deployed.id.name})
        return service.ListTasksResponse(tasks=[tasks.Task(task_id=one.id, metadata=one.metadata()) for one in found])
