"""Logs of the network worlds in CloudWatch Logs: flow logs of the VPC, and the log of the web ACL of `direct`."""

import json
from collections.abc import Callable
from typing import Any

Clients = Callable[[str], Any]

FLOWS = "/vpc/prod/flow-logs"
WAF = "aws-waf-logs-direct"


def make_logs(clients: Clients) -> None:
    """Switch the logs on; the other workloads have none."""
    logs, ec2, wafv2 = clients("logs"), clients("ec2"), clients("wafv2")
    for name in (FLOWS, WAF):
        logs.create_log_group(logGroupName=name)
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["prod"]}])["Vpcs"][0]["VpcId"]
    ec2.create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogGroupName=FLOWS,
        DeliverLogsPermissionArn=_writer(clients),
        MaxAggregationInterval=60,
    )
    acl = next(one for one in wafv2.list_web_acls(Scope="REGIONAL")["WebACLs"] if one["Name"] == "direct-acl")
    region, account = acl["ARN"].split(":")[3:5]
    group = f"arn:aws:logs:{region}:{account}:log-group:{WAF}"
    wafv2.put_logging_configuration(
        LoggingConfiguration={"ResourceArn": acl["ARN"], "LogDestinationConfigs": [group]}
    )


def _writer(clients: Clients) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    made: str = clients("iam").create_role(
        RoleName="flow-logs-writer", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]["Arn"]
    return made
