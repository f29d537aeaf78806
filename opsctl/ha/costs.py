"""What a mode adds to the bill, by kind and quantity; prices are not known offline."""

from opsctl.ha.expectations import duration
from opsctl.ha.inventory import Inventory
from opsctl.model.value import Value

MINUTES_A_MONTH = 43_800


class Cost(Value):
    """One item: what is billed, and how much of it a month."""

    item: str
    quantity: str


def costs_of(inventory: Inventory, mode: str, alarms: int) -> tuple[Cost, ...]:
    """List what the mode adds every month; what is made once stands there as well."""
    common = [Cost(item="CloudWatch alarms", quantity=f"{alarms} standard alarms")]
    if not inventory.wanted.topic:
        common.append(Cost(item="SNS", quantity="1 topic; messages only when something happens"))
    if mode == "recover":
        return tuple(common)
    root = int(inventory.root_volume.get("Size") or 0)
    group = [
        Cost(item="image", quantity=f"1 snapshot of the root volume ({root} GiB)" if root else "1 root snapshot"),
        Cost(item="Lambda", quantity=f"1 function, about {MINUTES_A_MONTH:,} short runs"),
        Cost(item="CloudWatch metrics", quantity=f"{3 if inventory.data_volumes else 1} custom metrics"),
        Cost(item="CloudWatch Logs", quantity=f"about {MINUTES_A_MONTH:,} short entries, kept 90 days"),
        Cost(item="SQS", quantity="1 queue; messages only when something fails"),
    ]
    if mode == "standby":
        group.append(Cost(item="twin", quantity=f"the root volume of a stopped instance ({root} GiB)"))
    if inventory.data_volumes and inventory.wanted.rpo_s:
        total = sum(one.size_gib for one in inventory.data_volumes)
        every = duration(inventory.wanted.rpo_s)
        kept = f"the last {inventory.wanted.keep_snapshots} kept"
        what = f"changed blocks of {len(inventory.data_volumes)} volume(s), {total} GiB, every {every}; {kept}"
        group.append(Cost(item="EBS snapshots", quantity=what))
    if not inventory.elastic_ips and inventory.instance.get("PublicIpAddress"):
        group.append(Cost(item="public IPv4", quantity="as now: one address while it runs"))
    return (*group, *common)
