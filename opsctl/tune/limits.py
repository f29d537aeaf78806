"""What bounds the traffic of an instance now, line by line."""

from collections.abc import Iterator

from opsctl.model.spans import span
from opsctl.tune.fleet import FleetInstance
from opsctl.tune.guest_answers import GuestDevice, GuestNetwork
from opsctl.tune.instance_types import TypeNetwork

FLOW_GBPS, CLUSTER_FLOW_GBPS, EXPRESS_FLOW_GBPS = 5, 10, 25
"""Most that a single flow has (EC2 user guide: placement groups, ENA Express)."""


def limits_of(
    instance: FleetInstance, of: TypeNetwork, guest: GuestNetwork | None = None, now: float = 0.0
) -> tuple[str, ...]:
    """Say in about ten lines what limits an instance of this type, the tightest limits first.

    `guest` is what was read inside of it, whose age is counted until `now`.
    """
    return (*_bandwidth(instance, of), *_flow(instance, of), *_interfaces(instance, of), *_inside(guest, now))


def _bandwidth(instance: FleetInstance, of: TypeNetwork) -> Iterator[str]:
    if of.ena != "unsupported" and not instance.ena:
        yield "adapter: ENA is off, so the figures below are out of reach"
    elif of.legacy_vf:
        yield f"adapter: Intel 82599 VF, {'on' if instance.vf else 'OFF'}; at most 10 Gbps"
    else:
        yield f"adapter: {'ENA' if instance.ena else 'no enhanced networking; the type has none'}"
    card = of.cards[0] if len(of.cards) == 1 else None
    if card and card.peak_gbps > card.baseline_gbps:
        burst = "for minutes, with credits that quiet times earn"
        yield f"bandwidth: {card.baseline_gbps:g} Gbps at any time, up to {card.peak_gbps:g} Gbps ({burst})"
    elif card and card.baseline_gbps:
        yield f"bandwidth: {card.baseline_gbps:g} Gbps at any time"
    else:
        yield f"bandwidth: {of.performance or 'AWS names none'}"
    yield "to the internet and other Regions: half of it from 32 vCPUs on, else 5 Gbps"
    if of.weightings:
        choices = ", ".join(of.weightings)
        yield f"weighting between network and EBS: {instance.weighting} (of {choices})"


def _flow(instance: FleetInstance, of: TypeNetwork) -> Iterator[str]:
    express = any(one.ena_express for one in instance.interfaces)
    if instance.strategy == "cluster":
        yield f"single flow: {CLUSTER_FLOW_GBPS} Gbps inside placement group {instance.placement_group}, else 5"
    else:
        yield f"single flow: {FLOW_GBPS} Gbps; {CLUSTER_FLOW_GBPS} inside a cluster placement group"
    if of.ena_express:
        state = "on" if express else "off"
        yield f"ENA Express: {state}; up to {EXPRESS_FLOW_GBPS} Gbps a flow where both ends have it on"
    else:
        yield "ENA Express: not with this type"


def _interfaces(instance: FleetInstance, of: TypeNetwork) -> Iterator[str]:
    used = sorted({one.card for one in instance.interfaces})
    if len(of.cards) > 1:
        each = of.cards[0].performance
        yield f"network cards: {len(used)} of {len(of.cards)} have an interface; {each} each"
    yield f"EFA: {len(instance.efa)} of {of.efa}" if of.efa else "EFA: not with this type"
    queues = sum(one.queues for one in instance.interfaces)
    if of.flexible_queues:
        yield f"ENA queues: {queues or 'the default of the type'}; may be moved between interfaces"


def _inside(guest: GuestNetwork | None, now: float) -> Iterator[str]:
    if guest is None:
        yield "in the guest (driver, MTU, allowance counters): not read"
        return
    when = f"in the guest, {span(max(0.0, now - guest.at))} ago"
    if not guest.devices:
        yield f"{when}: {guest.unread}"
        return
    known = f"{guest.release}, kernel {guest.kernel}" if guest.kernel else guest.system
    yield f"{when}: {known}" + (f"; {guest.unread}" if guest.unread else "")
    for one in guest.devices:
        yield f"{one.name}: {_device(one, guest)}"


def _device(one: GuestDevice, guest: GuestNetwork) -> str:
    version = guest.modules.get(one.driver) or one.version or "of the kernel"
    parts = [f"{one.driver or 'driver unknown'} {version}".strip()]
    if one.third:
        parts.append("ENAv3")
    if one.mtu:
        parts.append(f"MTU {one.mtu}")
    if one.queues[1]:
        parts.append(f"{one.queues[0]} of {one.queues[1]} queues")
    if one.counted:
        over = ", ".join(f"{name} {count:,}" for name, count in one.counted.items() if count)
        rising = f" (rising: {', '.join(one.rose)})" if one.rose else ""
        parts.append(f"over its allowance: {over or 'never'}{rising}")
    return "; ".join(parts)
