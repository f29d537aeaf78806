"""Makes moto as strict as AWS where it lets something pass, and adds the few calls it lacks.

Installed explicitly, once a process. Each rule is a small function around one of moto's methods.
"""

from opsctl.sandbox import (
    alarm_states,
    callers,
    rules_addresses,
    rules_autoscaling,
    rules_cloudfront,
    rules_cloudtrail,
    rules_cloudwatch,
    rules_concurrency,
    rules_ebs,
    rules_ec2,
    rules_elbv2,
    rules_encryption,
    rules_events,
    rules_functions,
    rules_iam,
    rules_images,
    rules_instances,
    rules_lambda,
    rules_logs,
    rules_new_queues,
    rules_queue_settings,
    rules_quotas,
    rules_scaling_metrics,
    rules_scheduler,
    rules_schedules,
    rules_snapshots,
    rules_sns,
    rules_sqs,
    rules_sqs_messages,
    rules_sqs_metrics,
    rules_sts,
    rules_templates,
    rules_waf_quotas,
    rules_wafv2,
    shortcuts,
)

_MODULES = (
    callers,
    rules_sts,
    rules_cloudfront,
    rules_concurrency,
    rules_cloudwatch,
    alarm_states,
    rules_ec2,
    rules_quotas,
    rules_elbv2,
    rules_events,
    rules_iam,
    rules_lambda,
    rules_logs,
    rules_scheduler,
    rules_sns,
    rules_sqs_messages,
    rules_sqs,
    rules_queue_settings,
    rules_new_queues,
    rules_sqs_metrics,
    rules_wafv2,
    rules_waf_quotas,
    rules_addresses,
    rules_autoscaling,
    rules_cloudtrail,
    rules_scaling_metrics,
    rules_ebs,
    rules_encryption,
    rules_functions,
    rules_images,
    rules_instances,
    rules_schedules,
    rules_snapshots,
    rules_templates,
    shortcuts,
)


def install_rules() -> None:
    """Put every rule in place; a second call does nothing."""
    from moto.wafv2.models import WAFV2Backend

    if getattr(WAFV2Backend, "opsctl_rules", False):
        return
    for module in _MODULES:
        module.install()
    WAFV2Backend.opsctl_rules = True
