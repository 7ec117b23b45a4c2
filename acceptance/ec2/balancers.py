"""Network Load Balancers have ARNs of their own kind, and moto gives all balancers those of applications."""

from moto.elbv2.models import ELBv2Backend

_create = ELBv2Backend.create_load_balancer


def create_load_balancer(self, *arguments, **named):
    made = _create(self, *arguments, **named)
    if made.type == "network":
        before, made.arn = made.arn, made.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        self.load_balancers[made.arn] = self.load_balancers.pop(before)
        self.tagging_service.copy_tags(before, made.arn)
        self.tagging_service.delete_all_tags_for_resource(before)
    return made
