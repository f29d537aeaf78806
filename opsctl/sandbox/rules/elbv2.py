"""Elastic Load Balancing's own shapes and rules, where moto's differ. Source: recorded answers, API reference."""

from collections.abc import Callable
from typing import Any

from opsctl.sandbox.engine.conditions import conditions

_PRESERVED_FOR_IP = ("UDP", "TCP_UDP", "QUIC", "TCP_QUIC")


def install() -> None:
    """Put the shapes around moto's load balancers."""
    from moto.elbv2.models import ELBv2Backend

    ELBv2Backend.create_load_balancer = _as_aws_names_it(ELBv2Backend.create_load_balancer)
    ELBv2Backend.create_target_group = _with_preservation(ELBv2Backend.create_target_group)
    ELBv2Backend.register_targets = _registered(ELBv2Backend.register_targets)
    ELBv2Backend.deregister_targets = _draining(ELBv2Backend.deregister_targets)
    ELBv2Backend.describe_target_health = _with_draining(ELBv2Backend.describe_target_health)


def _as_aws_names_it(method: Callable[..., Any]) -> Callable[..., Any]:
    """`/net/` in the ARN of a Network Load Balancer and its own DNS form; network interfaces for each subnet."""

    def created(self: Any, *args: Any, **kwargs: Any) -> Any:
        balancer = method(self, *args, **kwargs)
        network = balancer.type == "network"
        if network:
            known = self.load_balancers.pop(balancer.arn)
            tags = self.tagging_service.list_tags_for_resource(balancer.arn)["Tags"]
            balancer.arn = balancer.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
            balancer.dns_name = f"{balancer.name}-{balancer.arn[-16:]}.elb.{self.region_name}.amazonaws.com"
            self.load_balancers[balancer.arn] = known
            self.tagging_service.tag_resource(balancer.arn, tags)
            if not kwargs.get("security_groups"):
                balancer.security_groups = []
        _add_interfaces(self.ec2_backend, balancer, network=network)
        return balancer

    return created


def _add_interfaces(ec2: Any, balancer: Any, *, network: bool) -> None:
    from moto.ec2.utils import random_public_ip

    for subnet in balancer.subnets:
        kind = "net" if network else "app"
        interface = ec2.create_network_interface(
            subnet,
            subnet.get_available_subnet_ip(subnet),
            description=f"ELB {kind}/{balancer.name}/{balancer.arn.rsplit('/', 1)[1]}",
            group_ids=balancer.security_groups or None,
        )
        interface.requester_id = "amazon-elb"
        interface.requester_managed = True
        interface.interface_type = "network_load_balancer" if network else "interface"
        interface.status = "in-use"
        if balancer.scheme == "internet-facing":
            interface.public_ip = random_public_ip()


def _with_preservation(method: Callable[..., Any]) -> Callable[..., Any]:
    """`preserve_client_ip.enabled` is there from the start, with AWS's default for the target type."""

    def created(self: Any, name: str, **kwargs: Any) -> Any:
        group = method(self, name, **kwargs)
        protocol = str(kwargs.get("protocol") or "")
        if protocol and protocol not in ("HTTP", "HTTPS"):
            kept = group.target_type in ("instance", "alb") or protocol in _PRESERVED_FOR_IP
            group.attributes["preserve_client_ip.enabled"] = "true" if kept else "false"
        return group

    return created


def _registered(method: Callable[..., Any]) -> Callable[..., Any]:
    """A target that drains and is registered again drains no more."""

    def registered(self: Any, arn: str, targets: list[Any]) -> None:
        method(self, arn, targets)
        for target in targets:
            _drains(self, arn).pop(target["Id"], None)

    return registered


def _draining(method: Callable[..., Any]) -> Callable[..., Any]:
    """A target that is taken out drains for the deregistration delay; one that is not there is no fault."""

    def deregistered(self: Any, arn: str, targets: list[Any]) -> None:
        known = self.target_groups[arn].targets if arn in self.target_groups else {}
        there = [target for target in targets if target["Id"] in known]
        about = conditions(self.account_id)
        for target in there:
            _drains(self, arn)[target["Id"]] = (
                known[target["Id"]]["Port"],
                about.now() + about.durations.deregistration,
            )
        method(self, arn, there)

    return deregistered


def _with_draining(method: Callable[..., Any]) -> Callable[..., Any]:
    """What drains is listed with the rest for as long as it does."""

    def described(self: Any, arn: str, targets: list[Any]) -> list[Any]:
        from moto.elbv2.models import FakeHealthStatus

        found = method(self, arn, targets)
        now = conditions(self.account_id).now()
        why = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
        asked = {target["Id"] for target in targets}
        for name, (port, until) in _drains(self, arn).items():
            if now < until and (not asked or name in asked):
                found = [one for one in found if one.instance_id != name]
                found.append(FakeHealthStatus(name, port, self.target_groups[arn].health_check_port, *why))
        return list(found)

    return described


def _drains(elbv2: Any, arn: str) -> dict[str, tuple[int, float]]:
    kept: dict[str, dict[str, tuple[int, float]]] = elbv2.__dict__.setdefault("opsctl_draining", {})
    return kept.setdefault(arn, {})
