"""What the Regions of both ends of a step decide: who may send to another, and by which name SNS comes there.

Sources: SNS guide, "Sending messages to a queue or function in a different Region" and "Prerequisites for
integrating SNS with Lambda across Regions" (opt-in Regions); S3 guide, "Event notification types and destinations"
(the destination is in the bucket's Region); AWS's article "Why isn't my SNS topic receiving EventBridge
notifications" (a rule's targets are in its Region, but for event buses).
"""

from opsctl.events.arns import named

# Every other Region of partition `aws` has to be opted into; the list of these does not grow.
_BY_DEFAULT = frozenset(
    (
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1"),
        *("ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"),
    )
)


def is_opt_in(region: str) -> bool:
    """Whether an account has to opt into a Region of partition `aws`."""
    return region not in _BY_DEFAULT and not region.startswith(("cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-"))


def sns_principals(topic_region: str, region: str) -> tuple[str, ...]:
    """The names of SNS that a policy in a Region may have to let in for a topic; the first is the usual one."""
    if topic_region == region:
        return (
            ("sns.amazonaws.com", f"sns.{region}.amazonaws.com") if is_opt_in(region) else ("sns.amazonaws.com",)
        )
    opted = [one for one in (topic_region, region) if is_opt_in(one)]
    return (f"sns.{opted[0]}.amazonaws.com",) if opted else ("sns.amazonaws.com",)


def why_not_across(service: str, source_region: str, target: str) -> str:
    """Why a service certainly does not deliver from one Region to another; empty when it may."""
    what = named(target)
    here, there = source_region, what.region
    if not here or not there or here == there:
        return ""
    if service == "s3.amazonaws.com":
        return f"it is in {there}, and S3 notifies only in the Region of the bucket, {here}"
    if service == "events.amazonaws.com" and what.kind != "event bus":
        return f"it is in {there}, and a target of a rule has to be in the rule's Region, {here}"
    if service == "sns.amazonaws.com" and what.kind == "function" and is_opt_in(there):
        return f"SNS does not invoke functions of {there}, a Region to opt into, from another Region"
    if service == "sns.amazonaws.com" and is_opt_in(here) and is_opt_in(there):
        return f"SNS does not deliver from {here} to {there}, which are both Regions to opt into"
    return ""
