"""What the findings of `opsctl tune` mean."""

from collections.abc import Iterator

from opsctl.model.explanation import Explanation
from opsctl.tune.findings import WHY
from opsctl.tune.guest_findings import IN_GUEST

CLUSTER_FILE: dict[str, tuple[str, str]] = {
    "capacity-block-group": (
        "a placement group is asked for on top of a capacity block, which has a place already",
        "Take PlacementGroup out of the queue.",
    ),
    "efa-off": ("a type that takes an EFA has none", "Add --efa with the queue's name, and --look-up."),
    "efa-on-queue": (
        "Efa stands on a queue, where ParallelCluster knows no such key",
        "Write the edit: it moves Efa to the queue's compute resources.",
    ),
    "efa-public-ip": (
        "nodes with several network interfaces are to get a public address, which EC2 does not assign then",
        "Use a private subnet with a NAT gateway, and AssignPublicIp: false.",
    ),
    "efa-security-group": (
        "no security group of the queue lets all traffic of itself in and out",
        "Add both rules to one of them, or leave SecurityGroups out.",
    ),
    "efa-several-subnets": ("EFA traffic stays in one zone, and the queue has several", "Leave one subnet."),
    "efa-spot": ("an interruption of Spot takes a node of a running job", "Write checkpoints, or use ONDEMAND."),
    "efa-type": ("the type takes no EFA", "Choose another type, or set Efa.Enabled to false."),
    "gdr-no-effect": ("GdrSupport has had no effect since ParallelCluster 3.0.2", "Nothing, or take it out."),
    "gdr-without-efa": ("GdrSupport stands without EFA", "Write the edit: it takes GdrSupport out."),
    "os": ("the operating system is none of the newest ParallelCluster", "Choose another, or stay with yours."),
    "placement-group-implicit": (
        "with EFA, ParallelCluster wants to be told whether nodes are in a placement group",
        "Write the edit: it says that they are.",
    ),
    "placement-group-name-and-id": ("the placement group has a Name and an Id", "Leave one of them."),
    "placement-group-named-off": (
        "a placement group is named and switched off",
        "Take Enabled: false out, or the name.",
    ),
    "placement-group-off": (
        "nodes with EFA are in no placement group",
        "Set Enabled to true, but where a capacity reservation has a group of its own.",
    ),
    "placement-group-several-subnets": (
        "a cluster placement group is in one zone, and the queue has several",
        "Leave one subnet, or take PlacementGroup out.",
    ),
    "scheduler": ("the scheduler has no Slurm queues", "Nothing here."),
    "security-group-unknown": ("nobody asked EC2 about the security groups, or it did not say", "Add --look-up."),
    "types-unknown": ("nobody asked EC2 about the instance types, or it did not say", "Add --look-up."),
}

BATCH: dict[str, tuple[str, str]] = {
    "device": (
        "containers of a job definition do not see the EFA of their instance",
        "Register a revision whose linuxParameters.devices has hostPath /dev/infiniband/uverbs0.",
    ),
    "driver": (
        "nobody has looked whether the image has the EFA driver",
        "Use an image with aws-efa-installer run.",
    ),
    "families": ("Batch may choose sizes without EFA of a family", "Name the sizes that take an EFA."),
    "groups": ("multi-node jobs have five security groups at most", "Take some out of the environment."),
    "latest": (
        "the environment launches by $Latest, which Batch reads anew at each update, also at that of an undo",
        "Have it name the number of a version.",
    ),
    "no-efa": ("a type of the environment takes no EFA", "Take it out of the environment."),
    "no-express": ("a type or a zone of the environment has no ENA Express", "Choose others."),
    "express-off": (
        "the launch template turns ENA Express on at no interface, or not at each",
        "Add --ena-express.",
    ),
    "express-zones": ("ENA Express works inside one zone only in this Region", "Leave the subnets of one zone."),
    "express-guest": (
        "packets above 8900 bytes make ENA Express fall back to plain ENA",
        "Set the MTU to 8900 in the image or the user data.",
    ),
    "no-instances": ("Batch launches no instances by this environment", "Make a managed one of type EC2."),
    "no-interfaces": ("the launch template asks for no EFA", "Add --efa."),
    "no-placement-group": ("instances are in no cluster placement group", "Add --placement-group NAME."),
    "no-template": ("the environment has no launch template to ask for EFAs", "Make one, and have it use that."),
    "not-cluster": ("the placement group is of another strategy than cluster", "Add --placement-group NAME."),
    "not-updatable": (
        "AWS updates the infrastructure only with the service-linked role and not with BEST_FIT",
        "Make a new environment, put it first in the queue, and let the old one run empty.",
    ),
    "not-valid": ("the environment is being updated, or is invalid", "Wait, or mend it first."),
    "overrides": ("several launch templates are used for several types", "Give each a version with the EFAs."),
    "security-groups": ("no security group lets all of itself in and out", "Add --efa, which adds one."),
    "several-types": (
        "one launch template cannot fit the network cards of several types",
        "Make one for each type.",
    ),
    "spot": ("an interruption of Spot ends the job on that instance", "Write checkpoints, and allow attempts."),
    "spot-multi-node": ("Batch runs no multi-node jobs on Spot", "Make an environment of type EC2 for them."),
    "types-unread": ("EC2 did not say whether a type takes an EFA", "Let the caller read the types."),
    "queues-unsupported": (
        "a type of the environment has no flexible ENA queues, or not so many",
        "Ask for fewer, or choose a type with flexible ENA queues.",
    ),
    "weighting-unsupported": (
        "the bandwidth of a type of the environment cannot be weighted so",
        "Choose a type whose bandwidth can be weighted, or keep the weighting.",
    ),
    "zones": ("EFA traffic stays in one zone, and the environment has several", "Leave the subnets of one."),
}

_REFUSED = "ParallelCluster's own validators judge the file so before anything is created."


_IN_BATCH = "Batch launches instances by itself: what its environment lacks is lacking in each of them."


def explanations() -> Iterator[Explanation]:
    """Yield each finding of `tune check` by the reason that it gives itself, and each of `tune pcluster`."""
    for id_, why in {**WHY, **IN_GUEST}.items():
        yield Explanation(
            id=id_,
            kind="finding",
            of="tune check",
            means=f"{id_.replace('-', ' ')}: the network has less than the instance type could have",
            why=why,
            todo="Each finding names what mends it, and what that costs.",
        )
    for id_, (means, todo) in CLUSTER_FILE.items():
        yield Explanation(id=id_, kind="finding", of="tune pcluster", means=means, why=_REFUSED, todo=todo)
    for id_, (means, todo) in BATCH.items():
        yield Explanation(id=id_, kind="finding", of="tune batch", means=means, why=_IN_BATCH, todo=todo)
