"""Compute Engine, as far as Private Service Connect goes: service attachments, the endpoints that lead to them or to Google's own
interfaces, and the addresses of these. Networks and load balancers are put there by tests."""

from services.compute import addresses, attachments, forwarding_rules, networks, operations

METHODS = {
    **addresses.METHODS,
    **attachments.METHODS,
    **forwarding_rules.METHODS,
    **networks.METHODS,
    **operations.METHODS,
}
