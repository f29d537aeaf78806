"""The worlds of the sandbox: small, realistic accounts to try and rehearse in, made through AWS's own API."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.worlds import (
    agents,
    apis,
    dead_letters,
    fanout,
    hpc,
    inspection,
    network,
    outage,
    queues,
    roles,
    shop_events,
    storefront,
    topic_outage,
    traffic_logs,
    uploads,
)

Clients = Callable[[str], Any]
"""Returns the SDK client of a service in the sandbox's region."""


def seed_network(clients: Clients) -> None:
    """Make the VPC, the four workloads, and DNS."""
    net = network.make_network(clients)
    records = [
        network.make_shop(clients, net),
        network.make_direct(clients, net),
        network.make_api(clients, net),
        *network.make_legacy(clients, net),
    ]
    network.make_zone(clients, records)


def seed_tenants(clients: Clients) -> None:
    """Make a distribution that serves tenants; their names are in the zone of the network."""
    apis.add_records(clients, apis.make_tenants(clients))


def seed_apis(clients: Clients) -> None:
    """Make what answers clients without a load balancer; its names are in the zone of the network."""
    seed_tenants(clients)
    apis.add_records(
        clients,
        [
            apis.make_rest_api(clients),
            apis.make_http_api(clients),
            apis.make_graphql_api(clients),
            apis.make_user_pool(clients),
            *apis.make_accelerated(clients),
            *apis.make_managed(clients),
        ],
    )


def seed_all(clients: Clients) -> None:
    """Make every world."""
    seed_network(clients)
    seed_apis(clients)
    apis.add_records(clients, [inspection.make_inspected(clients)])
    agents.give_agents(clients, "api-1", "api-2")
    queues.make_queues(clients)
    role = dead_letters.make_dead_letters(clients)
    uploads.make_uploads(clients, role)
    outage.make_outage(clients)
    fanout.make_fanout(clients)
    topic_outage.make_topic_outage(clients)
    shop_events.make_custom_bus(clients)
    storefront.make_storefront(clients)
    hpc.make_fleet(clients)
    traffic_logs.make_logs(clients)
    roles.make_roles(clients)
