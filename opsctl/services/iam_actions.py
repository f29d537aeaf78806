"""Where IAM's names differ from the API's: service prefixes, extra actions, and resources.

Source: AWS Service Authorization Reference. What is not listed here is `<service>:<Operation>` on `*`.
"""

PREFIXES = {
    "apigatewayv2": "apigateway",
    "dynamodbstreams": "dynamodb",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "globalaccelerator": "globalaccelerator",
    "opensearch": "es",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}

NAMES = {
    "lambda.Invoke": "lambda:InvokeFunction",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3.ListBuckets": "s3:ListAllMyBuckets",
    "s3.HeadObject": "s3:GetObject",
    "s3.GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3.PutBucketNotificationConfiguration": "s3:PutBucketNotification",
}

NO_PERMISSION_NEEDED = frozenset({"sts.GetCallerIdentity"})

ALSO = {
    # WAFv2 asks the protected service too, and checks a web ACL against everything its rules refer to.
    "wafv2.AssociateWebACL": (
        "elasticloadbalancing:CreateWebACLAssociation",
        "elasticloadbalancing:SetWebACL",
    ),
    "wafv2.DisassociateWebACL": ("elasticloadbalancing:DeleteWebACLAssociation",),
    "wafv2.GetWebACLForResource": ("elasticloadbalancing:GetLoadBalancerWebACL",),
    "wafv2.ListResourcesForWebACL": ("elasticloadbalancing:DescribeWebACLAssociation",),
    "wafv2.CreateIPSet": ("wafv2:TagResource",),
    "wafv2.CreateWebACL": ("wafv2:TagResource",),
    # A schedule and a target that assumes a role are written with it, which is to pass it.
    "events.PutTargets": ("iam:PassRole",),
    "scheduler.UpdateSchedule": ("iam:PassRole",),
    "sqs.CreateQueue": ("sqs:TagQueue",),
    "cloudwatch.PutMetricAlarm": ("cloudwatch:TagResource",),
    "cloudfront.AssociateDistributionWebACL": ("wafv2:GetWebACL",),
    "cloudfront.UpdateDistribution": ("wafv2:GetWebACL",),
}

_NETWORK_ACL = ("arn:{partition}:ec2:{region}:{account}:network-acl/{NetworkAclId}",)
_IP_SET = ("arn:{partition}:wafv2:{region}:{account}:{scope}/ipset/{Name}/{Id}",)
_WEB_ACL = ("arn:{partition}:wafv2:{region}:{account}:{scope}/webacl/{Name}/{Id}",)
_RULE_PARTS = tuple(
    f"arn:{{partition}}:wafv2:{{region}}:{{account}}:{{scope}}/{part}/*"
    for part in ("ipset", "managedruleset", "regexpatternset", "rulegroup")
)
_DISTRIBUTION = ("arn:{partition}:cloudfront::{account}:distribution/{Id}",)
# A role may have a path, which only its ARN tells.
_ROLE = ("arn:{partition}:iam::{account}:role/*{RoleName}",)
_SCHEDULE = ("arn:{partition}:scheduler:{region}:{account}:schedule/{GroupName}/{Name}",)

RESOURCES = {
    "ec2.CreateNetworkAclEntry": _NETWORK_ACL,
    "ec2.DeleteNetworkAclEntry": _NETWORK_ACL,
    "wafv2.GetIPSet": _IP_SET,
    "wafv2.CreateIPSet": _IP_SET,
    "wafv2.UpdateIPSet": _IP_SET,
    "wafv2.DeleteIPSet": _IP_SET,
    "wafv2.GetWebACL": _WEB_ACL,
    "wafv2.CreateWebACL": (*_WEB_ACL, *_RULE_PARTS),
    "wafv2.UpdateWebACL": (*_WEB_ACL, *_RULE_PARTS),
    "wafv2.DeleteWebACL": _WEB_ACL,
    "wafv2.AssociateWebACL": ("{WebACLArn}", "{ResourceArn}"),
    "cloudfront.GetDistribution": _DISTRIBUTION,
    "cloudfront.GetDistributionConfig": _DISTRIBUTION,
    "cloudfront.UpdateDistribution": _DISTRIBUTION,
    "cloudfront.AssociateDistributionWebACL": _DISTRIBUTION,
    "cloudfront.DisassociateDistributionWebACL": _DISTRIBUTION,
    "sqs.CreateQueue": ("arn:{partition}:sqs:{region}:{account}:{QueueName}",),
    "iam.PutRolePolicy": _ROLE,
    "iam.DeleteRolePolicy": _ROLE,
    "iam.GetRolePolicy": _ROLE,
    "lambda.UpdateFunctionConfiguration": ("arn:{partition}:lambda:{region}:{account}:function:{FunctionName}",),
    "scheduler.UpdateSchedule": _SCHEDULE,
    "cloudwatch.PutMetricAlarm": ("arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}",),
    "sqs.GetQueueAttributes": ("{QueueArn}",),
    "sqs.ReceiveMessage": ("{QueueArn}",),
    "sqs.DeleteMessage": ("{QueueArn}",),
    "sqs.ChangeMessageVisibility": ("{QueueArn}",),
    "sqs.SendMessage": ("{QueueArn}",),
    "sqs.StartMessageMoveTask": ("{SourceArn}",),
    "sqs.ListMessageMoveTasks": ("{SourceArn}",),
    "lambda.Invoke": ("{FunctionName}",),
    "events.ListTargetsByRule": ("{RuleArn}",),
    "events.PutEvents": ("{EventBusArn}",),
    "scheduler.GetSchedule": ("arn:{partition}:scheduler:{region}:{account}:schedule/{GroupName}/{Name}",),
    "sns.Publish": ("{TopicArn}",),
    "sqs.GetQueueUrl": ("{QueueArn}",),
    "stepfunctions.StartExecution": ("{stateMachineArn}",),
    "kinesis.PutRecord": ("{StreamARN}",),
    "kinesis.GetShardIterator": ("{StreamARN}",),
    "kinesis.GetRecords": ("{StreamARN}",),
    "dynamodbstreams.GetShardIterator": ("{StreamArn}",),
    "dynamodbstreams.GetRecords": ("{StreamArn}",),
    "firehose.PutRecord": ("arn:{partition}:firehose:{region}:{account}:deliverystream/{DeliveryStreamName}",),
    "kms.Decrypt": ("{KeyId}",),
    "kms.GenerateDataKey": ("{KeyId}",),
}
