"""The services: each file one, by the interfaces that come with Flyte's messages."""

from flyteidl2.actions.actions_service_connect import ActionsServiceASGIApplication
from flyteidl2.cacheservice.v2.cacheservice_connect import CacheServiceASGIApplication
from flyteidl2.cluster.service_connect import ClusterServiceASGIApplication
from flyteidl2.dataproxy.dataproxy_service_connect import DataProxyServiceASGIApplication
from flyteidl2.task.task_service_connect import TaskServiceASGIApplication
from flyteidl2.workflow.events_proxy_service_connect import EventsProxyServiceASGIApplication
from flyteidl2.workflow.run_service_connect import RunServiceASGIApplication

from services.actions import Actions
from services.cache import Cache
from services.clusters import Clusters
from services.data_proxy import DataProxy
from services.events import Events
from services.runs import Runs
from services.tasks import Tasks


def applications(world, checks):
    """One application for each service."""
    runs = Runs(world)
    world.runs = runs
    for application, service in [
        (ActionsServiceASGIApplication, Actions(world)),
        (CacheServiceASGIApplication, Cache(world)),
        (ClusterServiceASGIApplication, Clusters()),
        (DataProxyServiceASGIApplication, DataProxy(world)),
        (EventsProxyServiceASGIApplication, Events(world)),
        (RunServiceASGIApplication, runs),
        (TaskServiceASGIApplication, Tasks(world)),
    ]:
        yield application(service, interceptors=[checks])
