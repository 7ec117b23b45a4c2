"""Connections as the owner of a service sees them: endpoints of whichever account, and the calls that let them in or keep them out."""

from moto.core.responses import ActionResult

import world
from services import known
from world import error, filtered, page, unsuccessful


class Connection:
    """An endpoint, told to the owner of its service."""

    def __init__(self, service, endpoint):
        self.endpoint = endpoint
        self.service_id = service.id
        self.network_load_balancer_arns = service.network_load_balancer_arns
        self.vpc_endpoint_connection_id = endpoint.id.replace("vpce-", "vpce-con-")
        self.vpc_endpoint_id = endpoint.id
        self.vpc_endpoint_owner = endpoint.owner_id
        self.vpc_endpoint_state = endpoint.state
        self.vpc_endpoint_region = endpoint.region
        self.creation_timestamp = endpoint.creation_timestamp
        self.dns_entries = endpoint.dns_entries
        self.ip_address_type = "ipv4"
        self.tags = []

    def get_tags(self):
        return self.tags


class Connections:
    """Operations that moto does not have."""

    def describe_vpc_endpoint_connections(self):
        found = []
        for service in list(self.ec2_backend.configurations.values()):
            for endpoint in service.connections():
                endpoint.look()
                if endpoint.state != "gone":
                    found.append(Connection(service, endpoint))
        values = {
            "service-id": lambda connection: connection.service_id,
            "vpc-endpoint-owner": lambda connection: connection.vpc_endpoint_owner,
            "vpc-endpoint-state": lambda connection: connection.vpc_endpoint_state,
            "vpc-endpoint-id": lambda connection: connection.vpc_endpoint_id,
            "ip-address-type": lambda connection: connection.ip_address_type,
        }
        found, token = page(self, filtered(self, found, values))
        return ActionResult({"VpcEndpointConnections": found, "NextToken": token})

    def accept_vpc_endpoint_connections(self):
        return answered(self, ("pendingAcceptance", "rejected"), lambda endpoint: endpoint.pend())

    def reject_vpc_endpoint_connections(self):
        from_ = ("pendingAcceptance", "pending", "available", "partial")
        return answered(self, from_, lambda endpoint: endpoint.end("rejected"))


def answered(response, from_, change):
    service = known(response.ec2_backend, response._get_param("ServiceId"))
    if service.state != "Available":
        raise error("IncorrectState", f"{service.id} is {service.state}")
    failed = []
    for identifier in response._get_param("VpcEndpointIds", []):
        endpoint = world.endpoint(identifier, response.region)
        if endpoint is None or endpoint.service_name != service.service_name:
            message = f"The Vpc Endpoint Id '{identifier}' does not exist"
            failed.append(unsuccessful(identifier, "InvalidVpcEndpoint.NotFound", message))
        elif endpoint.state not in from_:
            message = f"The connection of {identifier} is in state {endpoint.state}"
            failed.append(unsuccessful(identifier, "InvalidState", message))
        else:
            change(endpoint)
    return ActionResult({"Unsuccessful": failed})
