"""Endpoint services as AWS has them: they take time, names are proved, and nobody deletes one that is in use."""

import re
import secrets

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ec2.models.vpc_service_configuration import VPCServiceConfiguration
from moto.elbv2.exceptions import LoadBalancerNotFoundError

from world import TOKENS, Staged, endpoints_of, error, filtered, live, page, settings, tags, unsuccessful

PRINCIPAL = re.compile(r"\*|arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/[\w+=,.@/-]+)")


class Name(Staged):
    """A private DNS name, and how far its proof is."""

    def __init__(self, text):
        self.text = text
        self.record = {"Type": "TXT", "Name": f"_{secrets.token_hex(10)}", "Value": f"vpce:{secrets.token_hex(10)}"}
        self.settle("pendingVerification")


class Service(Staged, VPCServiceConfiguration):
    # moto keeps account of its models by where they are.
    __module__ = "moto.ec2.models"

    service_state = property(lambda self: self.state, lambda self, value: None)

    def __init__(self, balancers, region, acceptance, backend, zones=None):
        super().__init__([], region, acceptance, None, [], backend)
        self.network_load_balancer_arns = [balancer.arn for balancer in balancers]
        self.region = region
        self.name = None
        self.zones = zones
        self.supported_ip_address_types = ["ipv4"]
        polls = settings(backend.account_id).servicePolls
        failing = "service" in settings(backend.account_id).failing
        self.settle("Pending", (polls, "Failed" if failing else "Available"))

    def subnets(self):
        found = []
        for arn in self.network_load_balancer_arns + self.gateway_load_balancer_arns:
            found += self.ec2_backend.elbv2_backend.load_balancers[arn].subnets
        return found

    @property
    def availability_zone_ids(self):
        if self.zones is not None:
            return self.zones
        return sorted({subnet._availability_zone.zone_id for subnet in self.subnets()})

    @property
    def availability_zones(self):
        # Zones have the same names in all accounts here.
        zones = self.ec2_backend.describe_availability_zones()
        return sorted({zone.name for zone in zones if zone.zone_id in self.availability_zone_ids})

    @availability_zones.setter
    def availability_zones(self, value):
        """moto sets them once; they change with its balancers."""

    @property
    def private_dns_name(self):
        return self.name and self.name.text

    @private_dns_name.setter
    def private_dns_name(self, value):
        self.name = Name(value) if value else None

    @property
    def private_dns_name_configuration(self):
        return {"State": self.name.state, **self.name.record} if self.name else None

    @property
    def owner(self):
        return self.ec2_backend.account_id

    def look(self):
        super().look()
        if self.name:
            self.name.look()
        if self.state == "Deleted":
            self.ec2_backend.configurations.pop(self.id, None)
            self.ec2_backend.tags.pop(self.id, None)

    def connections(self):
        return list(endpoints_of(self.service_name, self.region))

    def lets_ask(self, arn):
        """Whether whoever has this ARN may know of the service: its own account, or an allowed principal."""
        account = arn.split(":")[4]
        allowed = {"*", arn, f"arn:aws:iam::{account}:root"}
        if ":assumed-role/" in arn:
            # A session's ARN has the role's name without its path.
            role = arn.split("/")[1]
            ours = [p for p in self.principals if p.startswith(f"arn:aws:iam::{account}:role/")]
            allowed |= {p for p in ours if p.rsplit("/", 1)[-1] == role}
        return account == self.owner or bool(allowed & set(self.principals))

    def detail(self):
        name = {"PrivateDnsName": self.name.text} if self.name else {}
        if self.name:
            name["PrivateDnsNames"] = [dict(name)]
            name["PrivateDnsNameVerificationState"] = self.name.state
        return name | {
            "ServiceName": self.service_name,
            "ServiceId": self.id,
            "ServiceType": self.service_type,
            "ServiceRegion": self.region,
            "AvailabilityZones": self.availability_zones,
            "AvailabilityZoneIds": self.availability_zone_ids,
            "Owner": self.owner,
            "BaseEndpointDnsNames": [self.endpoint_dns_name],
            "VpcEndpointPolicySupported": False,
            "AcceptanceRequired": self.acceptance_required,
            "ManagesVpcEndpoints": False,
            "SupportedIpAddressTypes": self.supported_ip_address_types,
            "Tags": [{"Key": key, "Value": value} for key, value in tags(self).items()],
        }


def balancers(backend, arns):
    try:
        found = backend.elbv2_backend.describe_load_balancers(arns=arns, names=None)
    except LoadBalancerNotFoundError:
        found = []
    missing = set(arns) - {balancer.arn for balancer in found}
    wrong = {balancer.arn for balancer in found if balancer.type != "network"}
    for arn in missing | wrong:
        raise error("InvalidParameter", f"The load balancer {arn} does not exist or is not of type network")
    return found


def known(backend, identifier):
    found = backend.configurations.get(identifier)
    if found is None:
        raise error("InvalidVpcEndpointServiceId.NotFound", f"The VpcEndpointService Id '{identifier}' does not exist")
    return found


def offer(account, owner, region, acceptance, zones, private_dns_name=None):
    """A service of an owner who is not there otherwise; `account` may ask."""
    backend = ec2_backends[owner][region]
    service = Service([], region, acceptance, backend, zones)
    service.settle("Available")
    service.principals = [f"arn:aws:iam::{account}:root"]
    if private_dns_name:
        service.private_dns_name = private_dns_name
        service.name.settle("verified")
    backend.configurations[service.id] = service
    return service


class Services:
    """Operations; they replace moto's of the same names."""

    def create_vpc_endpoint_service_configuration(self):
        def make():
            arns = self._get_param("NetworkLoadBalancerArns", [])
            if not arns:
                raise error("InvalidParameter", "exactly one kind of load balancers must be specified, and no gateways here")
            found = balancers(self.ec2_backend, arns)
            service = Service(found, self.region, self._get_param("AcceptanceRequired", True), self.ec2_backend)
            service.private_dns_name = self._get_param("PrivateDnsName")
            for specification in self._get_param("TagSpecifications", []):
                service.add_tags({tag["Key"]: tag.get("Value", "") for tag in specification["Tags"]})
            self.ec2_backend.configurations[service.id] = service
            return service

        service = TOKENS.object(self, "service", make)
        return ActionResult({"ServiceConfiguration": service, "ClientToken": self._get_param("ClientToken")})

    def describe_vpc_endpoint_service_configurations(self):
        backend = self.ec2_backend
        for service in list(backend.configurations.values()):
            service.look()
        wanted = self._get_param("ServiceIds", [])
        found = [known(backend, identifier) for identifier in wanted] or list(backend.configurations.values())
        values = {
            "service-id": lambda service: service.id,
            "service-name": lambda service: service.service_name,
            "service-state": lambda service: service.state,
        }
        found, token = page(self, filtered(self, found, values))
        return ActionResult({"ServiceConfigurations": found, "NextToken": token})

    def modify_vpc_endpoint_service_configuration(self):
        service = known(self.ec2_backend, self._get_param("ServiceId"))
        if service.state != "Available":
            raise error("IncorrectState", f"{service.id} is {service.state}")
        added, removed = (self._get_param(f"{verb}NetworkLoadBalancerArns", []) for verb in ("Add", "Remove"))
        balancers(self.ec2_backend, added)
        for arn in removed:
            if arn not in service.network_load_balancer_arns:
                raise error("InvalidParameter", f"{arn} is not associated with {service.id}")
        if removed and any(live(endpoint) for endpoint in service.connections()):
            raise error("ExistingVpcEndpointConnections", existing(service))
        after = [arn for arn in [*service.network_load_balancer_arns, *added] if arn not in removed]
        if not after:
            raise error("InvalidParameter", "A service needs at least one load balancer")
        service.network_load_balancer_arns = list(dict.fromkeys(after))
        acceptance = self._get_param("AcceptanceRequired")
        if acceptance is not None:
            service.acceptance_required = acceptance
        name = self._get_param("PrivateDnsName")
        if name and self._get_param("RemovePrivateDnsName"):
            raise error("InvalidParameterCombination", "PrivateDnsName and RemovePrivateDnsName exclude each other")
        if name and name != service.private_dns_name:
            service.private_dns_name = name
        elif self._get_param("RemovePrivateDnsName"):
            service.private_dns_name = None
        return ActionResult({"Return": True})

    def delete_vpc_endpoint_service_configurations(self):
        failed = []
        for identifier in self._get_param("ServiceIds", []):
            service = self.ec2_backend.configurations.get(identifier)
            if service is None:
                message = f"The VpcEndpointService Id '{identifier}' does not exist"
                failed.append(unsuccessful(identifier, "InvalidVpcEndpointService.NotFound", message))
            elif any(live(endpoint) for endpoint in service.connections()):
                failed.append(unsuccessful(identifier, "ExistingVpcEndpointConnections", existing(service)))
            else:
                service.settle("Deleting", (settings(self.current_account).servicePolls, "Deleted"))
        return ActionResult({"Unsuccessful": failed})

    def describe_vpc_endpoint_service_permissions(self):
        service = known(self.ec2_backend, self._get_param("ServiceId"))
        found, token = page(self, [permission(service, principal) for principal in service.principals])
        return ActionResult({"AllowedPrincipals": found, "NextToken": token})

    def modify_vpc_endpoint_service_permissions(self):
        service = known(self.ec2_backend, self._get_param("ServiceId"))
        added, removed = (self._get_param(f"{verb}AllowedPrincipals", []) for verb in ("Add", "Remove"))
        for principal in added:
            if not PRINCIPAL.fullmatch(principal):
                raise error("InvalidPrincipal", f"{principal} is not valid")
        new = [principal for principal in added if principal not in service.principals]
        service.principals = [p for p in service.principals + new if p not in removed]
        return ActionResult({"AddedPrincipals": [permission(service, p) for p in new], "ReturnValue": True})

    def start_vpc_endpoint_service_private_dns_verification(self):
        service = known(self.ec2_backend, self._get_param("ServiceId"))
        if not service.name:
            raise error("InvalidParameter", f"{service.id} has no private DNS name")
        ours = settings(self.current_account)
        end = "failed" if "verification" in ours.failing else "verified"
        service.name.settle("pendingVerification", (ours.verificationPolls, end))
        return ActionResult({"ReturnValue": True})


def existing(service):
    return f"Service has existing active VPC Endpoint connections! (Service ID: {service.id})"


def permission(service, principal):
    kind = {"*": "All"}.get(principal) or ("Account" if principal.endswith(":root") else "User")
    if ":role/" in principal:
        kind = "Role"
    identifier = f"vpce-svc-perm-{abs(hash((service.id, principal))) & 0xFFFFFFFFFFFFFFFFF:017x}"
    return {"Principal": principal, "PrincipalType": kind, "ServicePermissionId": identifier, "ServiceId": service.id}
