"""Who looks after a resource by a program, and will put back what others change, by its tags."""

from collections.abc import Mapping

_STACK = "aws:cloudformation:stack-name"
_CLUSTER = ("elbv2.k8s.aws/cluster", "ingress.k8s.aws/cluster")
_BY = ("managed-by", "managedby", "managed_by", "provisioner", "createdby", "created-by", "created_by")


def owner_of(tags: Mapping[str, str]) -> str:
    """Name the CloudFormation stack, the cluster's controller or the Terraform module, empty when none shows.

    CloudFormation's tag is certain, Terraform's are customs and so only a hint.
    """
    if _STACK in tags:
        return f"CloudFormation stack {tags[_STACK]}"
    for key in _CLUSTER:
        if key in tags:
            return f"AWS Load Balancer Controller of cluster {tags[key]}"
    for key, value in tags.items():
        named = key.lower().startswith(("terraform", "tf-", "tf_", "tf:")) and value.lower() != "false"
        if named or (key.lower() in _BY and "terraform" in value.lower()):
            return f"Terraform (tag {key}={value})"
    return ""
