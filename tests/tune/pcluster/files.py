"""Cluster files in the ways in which people write them; each is a whole cluster."""

from opsctl.model.marked import MarkedNode
from opsctl.playbook.marked_yaml import read_marked
from opsctl.tune.instance_types import NetworkCard, TypeNetwork
from opsctl.tune.surroundings import LaunchSubnet, Surroundings

HEAD = """\
Region: us-east-1
Image: {Os: alinux2023}
HeadNode:
  InstanceType: c5.large
  Networking: {SubnetId: subnet-1}
Scheduling:
  Scheduler: slurm
"""
BLOCK = (
    HEAD
    + """\
  SlurmQueues:
    - Name: hpc   # the queue
      ComputeResources:
        - Name: big
          InstanceType: c5n.18xlarge   # 100 Gbps
          Efa:
            Enabled: true
          MaxCount: 4

      # where they are
      Networking:
        SubnetIds:
          - subnet-1   # private
        # nothing public
"""
)
FLOW = HEAD + (
    "  SlurmQueues: [{Name: hpc, ComputeResources: [{Name: big, InstanceType: c5n.18xlarge,\n"
    "      Efa: {Enabled: true}}], Networking: {SubnetIds: [subnet-1],}}]   # all of it\n"
)
ANCHORS = (
    HEAD
    + """\
  SlurmQueues:
    - Name: one
      ComputeResources:
        - &big
          Name: big
          InstanceType: c5n.18xlarge
          Efa: &efa {Enabled: true}
      Networking: &net
        SubnetIds: [subnet-1]
    - Name: two
      ComputeResources:
        - <<: *big
          Name: same
      Networking: *net
"""
)
QUEUES = (
    HEAD
    + """\
  SlurmQueues:
  - Name: one
    Efa: {Enabled: true, GdrSupport: true}   # belongs below
    ComputeResources:
    - Name: a
      InstanceType: c5n.18xlarge
    - Name: b
      InstanceType: "c5n.9xlarge"
    Networking:
      SubnetIds: [subnet-1]
  - Name: two
    ComputeResources:
    - Name: c
      InstanceType: t3.micro
      Efa: {Enabled: false, GdrSupport: true}
    Networking:
      SubnetIds: [subnet-1, subnet-2]
      PlacementGroup:
        Enabled: false"""
)
KNOWN = Surroundings(
    types={
        "c5n.18xlarge": TypeNetwork(name="c5n.18xlarge", efa=1, cards=(NetworkCard(index=0, interfaces=15),)),
        "c5n.9xlarge": TypeNetwork(name="c5n.9xlarge", efa=1, cards=(NetworkCard(index=0, interfaces=15),)),
        "t3.micro": TypeNetwork(name="t3.micro", cards=(NetworkCard(index=0, interfaces=2),)),
    },
    subnets={
        "subnet-1": LaunchSubnet(id="subnet-1", zone="us-east-1a"),
        "subnet-2": LaunchSubnet(id="subnet-2", zone="us-east-1b", public=True),
    },
    self_ruled={"sg-self": True, "sg-open": False},
)


def read(text: str) -> MarkedNode:
    return read_marked(text, "cluster.yaml")
