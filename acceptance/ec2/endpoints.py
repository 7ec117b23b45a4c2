"""Endpoints as AWS has them: who may ask for one, where it can be, when its private names work, and that all of it takes time."""

import json
import secrets

from moto.core.responses import ActionResult
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.utils import add_tag_specification

from world import CALLER, TOKENS, Staged, error, filtered, live, page, services, settings, unsuccessful

NO_CHANGE = ("pending", "rejected", "expired", "failed", "deleting", "deleted")


class Endpoint(Staged, VPCEndPoint):
    # moto keeps account of its models by where they are.
    __module__ = "moto.ec2.models"

    def __init__(self, backend, vpc, service, kind, tables, policy):
        identifier = f"vpce-0{secrets.token_hex(8)}"
        super().__init__(backend, identifier, vpc.id, service["ServiceName"], kind, policy, tables, subnet_ids=[])
        self.region = backend.region_name
        self.vpc = vpc
        self.service = service
        self.private_dns_enabled = False
        self.interfaces = {}
        self.random = secrets.token_hex(4)
        self.zone = f"Z{secrets.token_hex(7).upper()}"
        self.failure_reason = None
        self.tell()

    @property
    def network_interface_ids(self):
        return list(self.interfaces.values())

    @network_interface_ids.setter
    def network_interface_ids(self, value):
        """moto sets them once; they change with the subnets."""

    vpc_endpoint_id = property(lambda self: self.id)
    ip_address_type = "ipv4"
    service_region = property(lambda self: self.region)

    @property
    def private_dns_name(self):
        return self.service.get("PrivateDnsName")

    def tell(self):
        """Its names: that of the region first, then one of each zone, then the service's own while they lead here."""
        self.dns_entries = []
        if self.vpc_endpoint_type != "Interface":
            return
        base = self.service["BaseEndpointDnsNames"][0]
        zones = sorted(self.ec2_backend.get_subnet(subnet).availability_zone for subnet in self.subnet_ids)
        names = [f"{self.id}-{self.random}.{base}"] + [f"{self.id}-{self.random}-{zone}.{base}" for zone in zones]
        self.dns_entries = [{"DnsName": name, "HostedZoneId": self.zone} for name in names]
        if self.private_dns_enabled:
            self.dns_entries.append({"DnsName": self.private_dns_name, "HostedZoneId": f"{self.zone}P"})

    def pend(self):
        ours = settings(self.owner_id)
        self.settle("pending", (ours.endpointPolls, "failed" if "endpoint" in ours.failing else "available"))

    def end(self, state):
        """An end that somebody or something else brought about; its names lead nowhere then."""
        self.private_dns_enabled = False
        self.settle(state)
        self.tell()

    def look(self):
        super().look()
        if self.state == "gone":
            self.vanish()

    def begin(self, subnets, tables, groups, names, options):
        if self.vpc_endpoint_type == "Gateway":
            lists = self.ec2_backend.managed_prefix_lists.values()
            self.destination_prefix_list_id = next(
                found.id for found in lists if found.prefix_list_name == self.service_name
            )
            self.change_tables(tables, [])
            self.settle("available")
            return
        self.change_groups(groups or [self.ec2_backend.get_default_security_group(self.vpc_id).id], [])
        self.add_subnets(subnets)
        if self.service["AcceptanceRequired"]:
            self.settle("pendingAcceptance")
        else:
            self.pend()
        self.switch_names(self.service["Owner"] == "amazon" if names is None else names, options)
        self.tell()

    def vanish(self):
        if self.vpc_endpoint_type == "Gateway":
            self.change_tables([], list(self.route_table_ids))
        self.remove_subnets(list(self.subnet_ids))
        self.ec2_backend.vpc_end_points.pop(self.id, None)
        self.ec2_backend.tags.pop(self.id, None)

    def exchange_subnets(self, added, removed):
        for subnet in removed:
            if subnet not in self.subnet_ids:
                raise error("InvalidParameter", f"{subnet} is not a subnet of {self.id}")
        self.subnet_ids = [subnet for subnet in self.subnet_ids if subnet not in removed]
        try:
            self.add_subnets(added)
        finally:
            self.subnet_ids.extend(removed)
        self.remove_subnets(removed)

    def add_subnets(self, subnets):
        taken = {self.ec2_backend.get_subnet(subnet)._availability_zone.zone_id for subnet in self.subnet_ids}
        new = [self.ec2_backend.get_subnet(subnet) for subnet in subnets if subnet not in self.subnet_ids]
        for subnet in new:
            zone = subnet._availability_zone.zone_id
            if subnet.vpc_id != self.vpc_id:
                raise error("InvalidParameter", f"The subnet {subnet.id} does not belong to VPC {self.vpc_id}")
            if zone not in self.service["AvailabilityZoneIds"]:
                message = f"The VPC endpoint service {self.service_name} does not support the availability zone of the subnet: {subnet.id}."
                raise error("InvalidParameter", message)
            if zone in taken:
                message = f"Found another VPC endpoint subnet in the availability zone of {subnet.id}"
                raise error("DuplicateSubnetsInSameZone", message)
            taken.add(zone)
        for subnet in new:
            made = self.ec2_backend.create_network_interface(
                subnet, None, group_ids=self.security_group_ids, description=f"VPC Endpoint Interface {self.id}"
            )
            self.interfaces[subnet.id] = made.id
            self.subnet_ids.append(subnet.id)

    def remove_subnets(self, subnets):
        for subnet in subnets:
            self.subnet_ids.remove(subnet)
            self.ec2_backend.enis.pop(self.interfaces.pop(subnet), None)

    def change_tables(self, added, removed):
        for table in added:
            self.ec2_backend.get_route_table(table)
            self.ec2_backend.create_route(
                table, None, gateway_id=self.id, destination_prefix_list_id=self.destination_prefix_list_id
            )
        for table in removed:
            self.ec2_backend.delete_route(table, self.destination_prefix_list_id)
        kept = [table for table in self.route_table_ids if table not in removed]
        self.route_table_ids = kept + [table for table in added if table not in kept]

    def change_groups(self, added, removed):
        for group in added:
            if self.ec2_backend.get_security_group_from_id(group) is None:
                raise error("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
        kept = [group for group in self.security_group_ids if group not in removed]
        after = kept + [group for group in added if group not in kept]
        if not after:
            raise error("InvalidParameter", "An interface endpoint needs at least one security group")
        self.security_group_ids = after

    def switch_names(self, on, options):
        if on and not self.private_dns_enabled:
            self.check_names()
            if (options or {}).get("PrivateDnsOnlyForInboundResolverEndpoint", True):
                self.check_gateway()
        self.private_dns_enabled = on

    def check_gateway(self):
        """Unless it is told otherwise, AWS leaves the names of what has gateways to a gateway; its message is of reports of it."""
        kinds = {kind["ServiceType"] for kind in sum((s["ServiceType"] for s in offered(self.ec2_backend, self.service_name)
                                                      if s["ServiceName"] == self.service_name), [])}
        gateway = any(
            other.vpc_endpoint_type == "Gateway" and other.vpc_id == self.vpc_id and other.service_name == self.service_name and live(other)
            for other in self.ec2_backend.vpc_end_points.values()
        )
        if kinds == {"Gateway", "Interface"} and not gateway:
            message = f"To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {self.vpc_id} must have a Gateway endpoint for the service."
            raise error("InvalidParameter", message)

    def check_names(self):
        """What AWS wants before the service's own names lead to an endpoint."""
        if self.service["PrivateDnsNameVerificationState"] is None:
            message = f"Private DNS can't be enabled because the service {self.service_name} does not provide a private DNS name."
            raise error("InvalidParameter", message)
        if self.service["PrivateDnsNameVerificationState"] != "verified":
            message = f"Private DNS can't be enabled because the private DNS name of the service {self.service_name} is not verified."
            raise error("InvalidParameter", message)
        if self.state == "pendingAcceptance":
            message = f"Private DNS can only be enabled after the endpoint connection is accepted by the owner of {self.service_name}."
            raise error("InvalidParameter", message)
        for attribute in ("enable_dns_support", "enable_dns_hostnames"):
            if getattr(self.vpc, attribute) not in (True, "true", "True"):
                message = f"Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for {self.vpc_id}"
                raise error("InvalidParameter", message)
        for other in self.ec2_backend.vpc_end_points.values():
            same = other.vpc_id == self.vpc_id and other.private_dns_name == self.private_dns_name
            if other is not self and same and other.private_dns_enabled and live(other):
                message = f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {self.private_dns_name} in the VPC {self.vpc_id}"
                raise error("InvalidParameter", message)


def offered(backend, name=None):
    """The services that the caller may know of, AWS's own among them."""
    region = backend.region_name
    if name is None or not name.startswith(f"com.amazonaws.vpce.{region}."):
        zones = {zone.name: zone.zone_id for zone in backend.describe_availability_zones()}
        for service in backend._collect_default_endpoint_services(backend.account_id, region):
            yield {"PrivateDnsNameVerificationState": None, "ServiceRegion": region} | service | {
                "AvailabilityZones": list(zones), "AvailabilityZoneIds": list(zones.values())
            }
    for service in services(region):
        if service.state == "Available" and service.lets_ask(CALLER.get()):
            yield {"PrivateDnsNameVerificationState": None} | service.detail()


def offer_of(backend, name, kind=None):
    found = [service for service in offered(backend, name) if service["ServiceName"] == name]
    if not found:
        raise error("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    kinds = [kind["ServiceType"] for service in found for kind in service["ServiceType"]]
    if kind and kind not in kinds:
        message = f"Endpoint type ({kind}) does not match available service types ([{', '.join(kinds)}])."
        raise error("InvalidParameter", message)
    return next(s for s in found if kind is None or {"ServiceType": kind} in s["ServiceType"])


def known(backend, identifier):
    found = backend.vpc_end_points.get(identifier)
    if found is None:
        raise error("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{identifier}' does not exist")
    return found


class Endpoints:
    """Operations; they replace moto's of the same names."""

    def describe_vpc_endpoint_services(self):
        names = self._get_param("ServiceNames", [])
        found = list(offered(self.ec2_backend))
        for name in names:
            offer_of(self.ec2_backend, name)
        wanted = self._filters_from_querystring()
        for name in wanted:
            if name not in ("service-name", "service-type", "owner"):
                raise error("InvalidFilter", f"The filter '{name}' is invalid")
        found = [
            service
            for service in found
            if (not names or service["ServiceName"] in names)
            and service["ServiceName"] in wanted.get("service-name", [service["ServiceName"]])
            and service["Owner"] in wanted.get("owner", [service["Owner"]])
            and service["ServiceType"][0]["ServiceType"] in wanted.get("service-type", ["Interface", "Gateway"])
        ]
        found, token = page(self, sorted(found, key=lambda service: service["ServiceName"]))
        names = sorted({service["ServiceName"] for service in found})
        return ActionResult({"ServiceNames": names, "ServiceDetails": found, "NextToken": token})

    def create_vpc_endpoint(self):
        def make():
            backend = self.ec2_backend
            kind = self._get_param("VpcEndpointType") or "Gateway"
            service = offer_of(backend, self._get_param("ServiceName"), kind)
            vpc = backend.get_vpc(self._get_param("VpcId"))
            subnets, tables = self._get_param("SubnetIds", []), self._get_param("RouteTableIds", [])
            groups, policy = self._get_param("SecurityGroupIds", []), self._get_param("PolicyDocument")
            ill = (subnets or groups) if kind == "Gateway" else tables
            if ill:
                raise error("InvalidParameter", f"{ill[0]} is not for an endpoint of type {kind}")
            if policy and not service["VpcEndpointPolicySupported"]:
                raise error("InvalidParameter", f"Endpoint policies are not supported for service {service['ServiceName']}")
            endpoint = Endpoint(backend, vpc, service, kind, [], policy)
            backend.vpc_end_points[endpoint.id] = endpoint
            try:
                endpoint.begin(subnets, tables, groups, self._get_param("PrivateDnsEnabled"), self._get_param("DnsOptions"))
            except Exception:
                endpoint.vanish()
                raise
            endpoint.add_tags(add_tag_specification(self._get_param("TagSpecifications", [])))
            return endpoint

        endpoint = TOKENS.object(self, "endpoint", make)
        return ActionResult({"VpcEndpoint": endpoint, "ClientToken": self._get_param("ClientToken")})

    def modify_vpc_endpoint(self):
        endpoint = known(self.ec2_backend, self._get_param("VpcEndpointId"))
        if endpoint.state in NO_CHANGE:
            raise error("IncorrectState", f"{endpoint.id} is in state {endpoint.state} and cannot be modified")

        def given(name):
            return self._get_param(f"Add{name}", []), self._get_param(f"Remove{name}", [])

        subnets, tables, groups = given("SubnetIds"), given("RouteTableIds"), given("SecurityGroupIds")
        gateway = endpoint.vpc_endpoint_type == "Gateway"
        for ill in (*subnets, *groups) if gateway else tables:
            if ill:
                raise error("InvalidParameter", f"{ill[0]} is not for an endpoint of type {endpoint.vpc_endpoint_type}")
        names = self._get_param("PrivateDnsEnabled")
        if names is not None:
            endpoint.switch_names(names, self._get_param("DnsOptions"))
        # Others' clients exchange subnets by one call, so that those that go make room for those that come.
        endpoint.exchange_subnets(*subnets)
        if any(tables):
            endpoint.change_tables(*tables)
        if any(groups):
            endpoint.change_groups(*groups)
        policy = self._get_param("PolicyDocument")
        if policy and not endpoint.service["VpcEndpointPolicySupported"]:
            raise error("InvalidParameter", f"Endpoint policies are not supported for service {endpoint.service_name}")
        if policy:
            endpoint.policy_document = policy
        elif self._get_param("ResetPolicy"):
            endpoint.policy_document = json.dumps(Endpoint.DEFAULT_POLICY)
        if (any(subnets) or names is not None) and endpoint.state == "available":
            endpoint.pend()
        endpoint.tell()
        return ActionResult({"Return": True})

    def describe_vpc_endpoints(self):
        backend = self.ec2_backend
        for endpoint in list(backend.vpc_end_points.values()):
            endpoint.look()
        wanted = self._get_param("VpcEndpointIds", [])
        found = [known(backend, identifier) for identifier in wanted] or list(backend.vpc_end_points.values())
        values = {
            "vpc-endpoint-id": lambda endpoint: endpoint.id,
            "vpc-endpoint-type": lambda endpoint: endpoint.vpc_endpoint_type,
            "vpc-endpoint-state": lambda endpoint: endpoint.state,
            "vpc-id": lambda endpoint: endpoint.vpc_id,
            "service-name": lambda endpoint: endpoint.service_name,
        }
        found, token = page(self, filtered(self, found, values))
        return ActionResult({"VpcEndpoints": found, "NextToken": token})

    def delete_vpc_endpoints(self):
        failed, ours = [], settings(self.current_account)
        for identifier in self._get_param("VpcEndpointIds", []):
            endpoint = self.ec2_backend.vpc_end_points.get(identifier)
            if endpoint is None or endpoint.state == "deleted":
                message = f"The Vpc Endpoint Id '{identifier}' does not exist"
                failed.append(unsuccessful(identifier, "InvalidVpcEndpoint.NotFound", message))
            elif endpoint.state != "deleting":
                if endpoint.vpc_endpoint_type == "Gateway":
                    endpoint.change_tables([], list(endpoint.route_table_ids))
                endpoint.remove_subnets(list(endpoint.subnet_ids))
                endpoint.end("deleting")
                endpoint.settle("deleting", (ours.endpointPolls, "deleted"), (ours.lingers, "gone"))
        return ActionResult({"Unsuccessful": failed})
