"""A compute environment of AWS Batch, the queues in front of it, and what its jobs ask for."""

from collections.abc import Iterator, Sequence

from opsctl.model.value import Json, Value

LINKED_ROLE = "/aws-service-role/batch.amazonaws.com/"
DEVICE = "/dev/infiniband/uverbs"
"""What a container needs of an EFA (AWS Batch user guide, EFA)."""


class BatchEnvironment(Value):
    """A compute environment as DescribeComputeEnvironments answers it.

    `strategy` is BEST_FIT where none is named (API reference); `version` is what it names: a number, $Latest or
    $Default.
    """

    name: str
    managed: bool = True
    orchestrator: str = "ECS"
    status: str = "VALID"
    kind: str = "EC2"
    types: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    placement_group: str = ""
    template: str = ""
    template_name: str = ""
    version: str = ""
    overrides: int = 0
    strategy: str = "BEST_FIT"
    role: str = ""

    @property
    def spot(self) -> bool:
        """Whether it launches Spot capacity."""
        return self.kind in ("SPOT", "FARGATE_SPOT")

    @property
    def on_instances(self) -> bool:
        """Whether Batch launches EC2 instances for it, by its own launch template."""
        return self.managed and self.kind in ("EC2", "SPOT")

    @property
    def updatable(self) -> bool:
        """Whether its infrastructure can be updated (UpdateComputeEnvironment)."""
        return LINKED_ROLE in self.role and self.strategy != "BEST_FIT"


class BatchJobs(Value):
    """A job definition: whether it runs on several nodes, and how many of its containers see the EFA."""

    name: str
    nodes: int = 1
    containers: int = 1
    with_device: int = 0

    @property
    def multi_node(self) -> bool:
        """Whether it is a multi-node parallel job."""
        return self.nodes > 1


def parse_environment(one: Json) -> BatchEnvironment:
    """Parse one of DescribeComputeEnvironments."""
    resources = one.get("computeResources") or {}
    template = resources.get("launchTemplate") or {}
    return BatchEnvironment(
        name=one["computeEnvironmentName"],
        managed=one.get("type", "MANAGED") == "MANAGED",
        orchestrator=one.get("containerOrchestrationType", "ECS"),
        status=one.get("status", ""),
        kind=resources.get("type", ""),
        types=tuple(resources.get("instanceTypes") or ()),
        subnets=tuple(resources.get("subnets") or ()),
        groups=tuple(resources.get("securityGroupIds") or ()),
        placement_group=resources.get("placementGroup") or "",
        template=template.get("launchTemplateId") or "",
        template_name=template.get("launchTemplateName") or "",
        version=template.get("version") or ("$Default" if template else ""),
        overrides=len(template.get("overrides") or ()),
        strategy=resources.get("allocationStrategy") or "BEST_FIT",
        role=one.get("serviceRole") or "",
    )


def parse_job_definitions(answer: Json) -> tuple[BatchJobs, ...]:
    """Parse DescribeJobDefinitions, the newest active revision of each name alone."""
    newest: dict[str, Json] = {}
    for one in answer.get("jobDefinitions", []):
        if one.get("status", "ACTIVE") != "ACTIVE":
            continue
        known = newest.get(one["jobDefinitionName"])
        if known is None or one["revision"] > known["revision"]:
            newest[one["jobDefinitionName"]] = one
    return tuple(_jobs(one) for _, one in sorted(newest.items()))


def _jobs(one: Json) -> BatchJobs:
    containers = list(_containers(one))
    nodes = (one.get("nodeProperties") or {}).get("numNodes", 2) if one.get("type") == "multinode" else 1
    return BatchJobs(
        name=f"{one['jobDefinitionName']}:{one['revision']}",
        nodes=nodes,
        containers=len(containers),
        with_device=sum(_sees_the_device(container) for container in containers),
    )


def _containers(one: Json) -> Iterator[Json]:
    ranges: Sequence[Json] = (one.get("nodeProperties") or {}).get("nodeRangeProperties") or ()
    for properties in (one, *ranges):
        for key in ("containerProperties", "container"):
            if properties.get(key):
                yield properties[key]
        for task in (properties.get("ecsProperties") or {}).get("taskProperties") or ():
            yield from task.get("containers") or ()


def _sees_the_device(container: Json) -> bool:
    devices = (container.get("linuxParameters") or {}).get("devices") or ()
    return any(str(one.get("hostPath", "")).startswith(DEVICE) for one in devices)
