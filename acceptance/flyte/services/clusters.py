"""ClusterService: there is one cluster, and it is reached where the caller is already."""

from flyteidl2.cluster import payload_pb2
from flyteidl2.cluster.service_connect import ClusterService


class Clusters(ClusterService):
    """Answers with the host that was asked, as the open-source service does."""

    async def select_cluster(self, request, ctx):
        host = ctx.request_headers().get("host", "") or ctx.request_headers().get(":authority", "")
        return payload_pb2.SelectClusterResponse(cluster_endpoint=f"dns:///{host}" if host else "", cluster="acceptance")
