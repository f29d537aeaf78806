"""A commented playbook to start from."""

import re
from pathlib import Path

from opsctl.model.errors import InvalidInput

_STARTER = """\
# yaml-language-server: $schema=./playbook.schema.json
# Write that schema with: opsctl playbook schema > playbook.schema.json
schema: opsctl.playbook/v1
name: {name}
version: "0.1"
summary: Tag a network ACL with the incident that is being worked on.

# Inputs are typed; `--set incident=INC-42` fills them.
inputs:
  network_acl: {{type: string, required: true, pattern: "acl-[0-9a-f]+", help: "Id of the network ACL."}}
  incident: {{type: string, required: true, help: "What to write down."}}

# Facts are looked up before anything is planned. A value that starts with `=` is a JMESPath expression.
facts:
  acl:
    read: ec2.DescribeNetworkAcls
    params: {{NetworkAclIds: ["=inputs.network_acl"]}}
    query: NetworkAcls[0]

# Guards list the offenders: nothing found is fine, anything found refuses (or warns) and is shown.
guards:
  - id: default-acl
    warn: "facts.acl.IsDefault && [facts.acl.NetworkAclId]"
    because: this is the default network ACL of its VPC

# A step uses a typed action, or calls any AWS operation with its proof and its undo.
steps:
  - id: tag
    title: Write the incident on the network ACL
    call: ec2.CreateTags
    params:
      Resources: ["=inputs.network_acl"]
      Tags: [{{Key: incident, Value: "=inputs.incident"}}]
    why: colleagues see at the resource what is going on
    expect:
      - read: ec2.DescribeTags
        params: {{Filters: [{{Name: resource-id, Values: ["=inputs.network_acl"]}}]}}
        query: "Tags[?Key=='incident'].Value"
        empty: true
        says: no incident is written there yet
    proof:
      - read: ec2.DescribeTags
        params: {{Filters: [{{Name: resource-id, Values: ["=inputs.network_acl"]}}]}}
        query: "Tags[?Key=='incident'].Value | [0]"
        equals: =inputs.incident
        says: the incident is written there
    undo:
      call: ec2.DeleteTags
      params:
        Resources: ["=inputs.network_acl"]
        Tags: [{{Key: incident, Value: "=inputs.incident"}}]
    risk: {{severity: low}}

notes: |
  What whoever reads the runbook should know.
"""


def write_starter(name: str, path: Path) -> None:
    """Write the starter; an existing file is never replaced.

    Raises:
        InvalidInput: the name is not kebab-case, or the file exists or cannot be written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InvalidInput.one(f"{name!r} is not kebab-case", source="NAME", hint="such as block-scanners")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_STARTER.format(name=name))
    except FileExistsError:
        raise InvalidInput.one(f"{path} exists already", source="--out", hint="choose another name") from None
    except OSError as fault:
        raise InvalidInput.one(f"{path} cannot be written: {fault.strerror}", source="--out") from None
