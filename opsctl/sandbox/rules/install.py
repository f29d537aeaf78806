"""Makes moto as strict as AWS where it lets something pass, and adds the few calls it lacks.

Installed explicitly, once a process. Each rule is a small function around one of moto's methods.
"""

from functools import cache

from opsctl.sandbox.engine import alarm_states, callers, shortcuts
from opsctl.sandbox.rules import (
    addresses,
    autoscaling,
    bandwidth_weighting,
    batch,
    capacity_reservations,
    cloudfront,
    cloudtrail,
    cloudwatch,
    ebs,
    ec2,
    elbv2,
    encryption,
    enhanced_networking,
    events,
    functions,
    iam,
    images,
    insights,
    instance_changes,
    instances,
    lambda_settings,
    logs,
    network_interfaces,
    placement_groups,
    queue_settings,
    quotas,
    scaling_metrics,
    scheduler,
    schedules,
    snapshots,
    sns,
    sqs,
    sqs_messages,
    sqs_metrics,
    ssm_agents,
    ssm_commands,
    sts,
    tags,
    templates,
    waf_quotas,
    waf_samples,
    wafv2,
)

_MODULES = (
    callers,
    sts,
    cloudfront,
    cloudwatch,
    alarm_states,
    ec2,
    quotas,
    elbv2,
    events,
    iam,
    lambda_settings,
    logs,
    insights,
    scheduler,
    sns,
    sqs_messages,
    sqs,
    queue_settings,
    sqs_metrics,
    wafv2,
    waf_quotas,
    waf_samples,
    tags,
    addresses,
    autoscaling,
    cloudtrail,
    scaling_metrics,
    ebs,
    encryption,
    functions,
    images,
    instances,
    placement_groups,
    capacity_reservations,
    enhanced_networking,
    network_interfaces,
    bandwidth_weighting,
    batch,
    instance_changes,
    ssm_agents,
    ssm_commands,
    schedules,
    snapshots,
    templates,
    shortcuts,
)


@cache
def install_rules() -> None:
    """Put every rule in place; a second call does nothing."""
    shortcuts.share_models()
    for module in _MODULES:
        module.install()
