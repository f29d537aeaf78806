"""Where IAM's names differ from the API's: service prefixes, extra actions, and resources.

Source: AWS Service Authorization Reference. What is not listed here is `<service>:<Operation>` on `*`; where that
changes something and no reason is written down in `ANY_RESOURCE`, whoever reviews the plan is told.
"""

import re

PREFIXES = {
    "amp": "aps",
    "apigatewayv2": "apigateway",
    "bedrock-agent": "bedrock",
    "bedrock-agent-runtime": "bedrock",
    "bedrock-data-automation": "bedrock",
    "bedrock-data-automation-runtime": "bedrock",
    "bedrock-runtime": "bedrock",
    "docdb": "rds",
    "dynamodbstreams": "dynamodb",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "eventbridgev2": "events",
    "globalaccelerator": "globalaccelerator",
    "greengrassv2": "greengrass",
    "iot-data": "iot",
    "keyspaces": "cassandra",
    "kinesisanalyticsv2": "kinesisanalytics",
    "lexv2-models": "lex",
    "mwaa": "airflow",
    "neptune": "rds",
    "opensearch": "es",
    "opensearchserverless": "aoss",
    "personalize-events": "personalize",
    "pinpoint": "mobiletargeting",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sagemaker-runtime": "sagemaker",
    "service-quotas": "servicequotas",
    "sesv2": "ses",
    "sso-admin": "sso",
    "stepfunctions": "states",
    "timestream-query": "timestream",
    "timestream-write": "timestream",
}

NAMES = {
    "apigateway.FlushStageCache": "apigateway:DELETE",
    "apigateway.ImportRestApi": "apigateway:POST",
    "lambda.Invoke": "lambda:InvokeFunction",
    "s3.ListObjectsV2": "s3:ListBucket",
    "s3.ListBuckets": "s3:ListAllMyBuckets",
    "s3.HeadObject": "s3:GetObject",
    "s3.GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3.PutBucketNotificationConfiguration": "s3:PutBucketNotification",
}


_VERBS = {"Get": "GET", "List": "GET", "Create": "POST", "Put": "PUT", "Update": "PATCH", "Delete": "DELETE"}
"""API Gateway's actions are the HTTP methods of its calls, by the first word of an operation's name."""
_FIRST_WORD = re.compile(r"[A-Z][a-z]+")


def action_of(api: str) -> str:
    """Return IAM's name of an operation that is given as `service.Operation`."""
    service, _, operation = api.partition(".")
    prefix = PREFIXES.get(service, service)
    first = _FIRST_WORD.match(operation)
    if prefix == "apigateway" and first and first[0] in _VERBS:
        return f"{prefix}:{_VERBS[first[0]]}"
    return NAMES.get(api, f"{prefix}:{operation}")


NO_PERMISSION_NEEDED = frozenset({"sts.GetCallerIdentity"})

ALSO = {
    "wafv2.CreateIPSet": ("wafv2:TagResource",),
    "wafv2.CreateWebACL": ("wafv2:TagResource",),
    "cloudfront.AssociateDistributionWebACL": ("wafv2:GetWebACL",),
    "cloudfront.AssociateDistributionTenantWebACL": ("wafv2:GetWebACL",),
    "cloudfront.UpdateDistributionTenant": ("wafv2:GetWebACL",),
    "cloudfront.UpdateDistribution": ("wafv2:GetWebACL",),
    # Tags given on creation need the permission to tag as well.
    "autoscaling.CreateAutoScalingGroup": (
        "autoscaling:CreateOrUpdateTags",
        # The first group of an account makes its service-linked role; a group of a launch template asks EC2.
        "iam:CreateServiceLinkedRole",
        "ec2:RunInstances",
    ),
    "autoscaling.UpdateAutoScalingGroup": ("ec2:RunInstances",),
    "cloudwatch.PutMetricAlarm": ("cloudwatch:TagResource",),
    "dlm.CreateLifecyclePolicy": ("dlm:TagResource",),
    "ec2.CreateCapacityReservation": ("ec2:CreateTags",),
    "ec2.CreateImage": ("ec2:CreateTags",),
    "ec2.CreateLaunchTemplate": ("ec2:CreateTags",),
    "ec2.CreateNetworkInterface": ("ec2:CreateTags",),
    "ec2.CreateSecurityGroup": ("ec2:CreateTags",),
    "ec2.CreatePlacementGroup": ("ec2:CreateTags",),
    "ec2.RunInstances": ("ec2:CreateTags",),
    "events.PutRule": ("events:TagResource",),
    "iam.CreateRole": ("iam:TagRole",),
    "lambda.CreateFunction": ("lambda:TagResource",),
    "lambda.GetFunction": ("lambda:ListTags",),
    "logs.CreateLogGroup": ("logs:TagResource",),
    "sns.CreateTopic": ("sns:TagResource",),
    "sqs.CreateQueue": ("sqs:TagQueue",),
}

_NETWORK_ACL = ("arn:{partition}:ec2:{region}:{account}:network-acl/{NetworkAclId}",)
_IP_SET = ("arn:{partition}:wafv2:{region}:{account}:{scope}/ipset/{Name}/{Id}",)
_WAF_TAGGED = ("{ResourceARN}",)
_WEB_ACL = ("arn:{partition}:wafv2:{region}:{account}:{scope}/webacl/{Name}/{Id}",)
_RULE_PARTS = tuple(
    f"arn:{{partition}}:wafv2:{{region}}:{{account}}:{{scope}}/{part}/*"
    for part in ("ipset", "managedruleset", "regexpatternset", "rulegroup")
)
_GROUP = (
    "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{AutoScalingGroupName}",
)
_FUNCTION = ("arn:{partition}:lambda:{region}:{account}:function:{FunctionName}",)
_RULE = ("arn:{partition}:events:{region}:{account}:rule/{RulePath}",)
_RULE_OF_TARGET = ("arn:{partition}:events:{region}:{account}:rule/{RulePath}",)
_LIFECYCLE_POLICY = ("arn:{partition}:dlm:{region}:{account}:policy/{PolicyId}",)
_LOG_GROUP = ("arn:{partition}:logs:{region}:{account}:log-group:{logGroupName}:*",)
_DISTRIBUTION = ("arn:{partition}:cloudfront::{account}:distribution/{Id}",)
_TENANT = ("arn:{partition}:cloudfront::{account}:distribution-tenant/{Id}",)
# A role may have a path, which only its ARN tells.
_ROLE = ("arn:{partition}:iam::{account}:role/*{RoleName}",)
_SCHEDULE = ("arn:{partition}:scheduler:{region}:{account}:schedule/{GroupName}/{Name}",)

_QUEUE = ("{QueueArn}",)
_INSTANCES = ("arn:{partition}:ec2:{region}:{account}:instance/{InstanceIds}",)
_INSTANCE = "arn:{partition}:ec2:{region}:{account}:instance/{InstanceId}"
_PLACEMENT_GROUP = "arn:{partition}:ec2:{region}:{account}:placement-group/{GroupName}"
_INTERFACE = "arn:{partition}:ec2:{region}:{account}:network-interface/{NetworkInterfaceId}"
_TEMPLATE = ("arn:{partition}:ec2:{region}:{account}:launch-template/{LaunchTemplateId}",)
_SECURITY_GROUP = ("arn:{partition}:ec2:{region}:{account}:security-group/{GroupId}",)
# The call names an attachment, or an interface alone; IAM asks about the instance as well.
_SOME_INSTANCE = "arn:{partition}:ec2:{region}:{account}:instance/*"
# AWS's own documents have no account in their ARNs.
_COMMAND = ("arn:{partition}:ssm:{region}:*:document/{DocumentName}", *_INSTANCES)
# Images and snapshots have no account in their ARNs, and an id does not say its kind.
_TAGGED = ("arn:{partition}:ec2:{region}:*:*/{Resources}",)

_BUCKET = ("arn:{partition}:s3:::{Bucket}",)

_INVALIDATED = ("arn:{partition}:cloudfront::{account}:distribution/{DistributionId}",)

_ARCHIVE = "arn:{partition}:events:{region}:{account}:archive/{ArchiveName}"

_REPLAY = "arn:{partition}:events:{region}:{account}:replay/{ReplayName}"
_SUBSCRIBER = "arn:{partition}:events:{region}:{account}:subscriber/*"
_SOME_BUS = "arn:{partition}:events:{region}:{account}:event-bus/*"

RESOURCES = {
    "eventbridgev2.CreateSubscriber": ("{EventBusArn}", _SUBSCRIBER),
    "eventbridgev2.DeleteSubscriber": (_SUBSCRIBER,),
    "eventbridgev2.DescribeEventBus": ("{EventBusArn}",),
    "eventbridgev2.DescribeSubscriber": ("{SubscriberArn}",),
    "eventbridgev2.ListSubscribers": ("{EventBusArn}",),
    "events.CancelReplay": (_REPLAY,),
    "events.DescribeReplay": (_REPLAY,),
    "events.StartReplay": ("{EventSourceArn}", _REPLAY, _SOME_BUS),
    "events.CreateArchive": (_ARCHIVE, "{EventSourceArn}"),
    "events.DeleteArchive": (_ARCHIVE,),
    "events.DescribeArchive": (_ARCHIVE,),
    "apigateway.FlushStageCache": (
        "arn:{partition}:apigateway:{region}::/restapis/{restApiId}/stages/{stageName}/cache/data",
    ),
    "apigateway.CreateDeployment": ("arn:{partition}:apigateway:{region}::/restapis/{restApiId}/deployments",),
    "apigateway.DeleteRestApi": ("arn:{partition}:apigateway:{region}::/restapis/{restApiId}",),
    "apigateway.DeleteStage": ("arn:{partition}:apigateway:{region}::/restapis/{restApiId}/stages/{stageName}",),
    "apigateway.GetResources": ("arn:{partition}:apigateway:{region}::/restapis/{restApiId}/resources",),
    "apigateway.GetRestApis": ("arn:{partition}:apigateway:{region}::/restapis",),
    "apigateway.GetStages": ("arn:{partition}:apigateway:{region}::/restapis/{restApiId}/stages",),
    "apigateway.GetStage": ("arn:{partition}:apigateway:{region}::/restapis/{restApiId}/stages/{stageName}",),
    "apigateway.ImportRestApi": ("arn:{partition}:apigateway:{region}::/restapis",),
    "apigateway.UpdateStage": ("arn:{partition}:apigateway:{region}::/restapis/{restApiId}/stages/{stageName}",),
    "cloudfront.CreateInvalidation": _INVALIDATED,
    "cloudfront.GetInvalidation": _INVALIDATED,
    "cloudfront.ListInvalidations": _INVALIDATED,
    "elasticache.RebootCacheCluster": ("arn:{partition}:elasticache:{region}:{account}:cluster:{CacheClusterId}",),
    "network-firewall.DescribeRuleGroup": ("{RuleGroupArn}",),
    "network-firewall.TagResource": ("{ResourceArn}",),
    "network-firewall.UntagResource": ("{ResourceArn}",),
    "network-firewall.UpdateRuleGroup": ("{RuleGroupArn}",),
    "s3.GetBucketLocation": _BUCKET,
    "s3.GetBucketNotificationConfiguration": _BUCKET,
    "s3.GetBucketTagging": _BUCKET,
    "s3.PutBucketNotificationConfiguration": _BUCKET,
    "ssm.SendCommand": _COMMAND,
    "sqs.ListDeadLetterSourceQueues": _QUEUE,
    "sqs.ListQueueTags": _QUEUE,
    "sqs.PurgeQueue": _QUEUE,
    "sqs.SetQueueAttributes": _QUEUE,
    "sqs.CancelMessageMoveTask": ("{SourceArn}",),
    "ec2.StartInstances": _INSTANCES,
    "ec2.StopInstances": _INSTANCES,
    "ec2.TerminateInstances": _INSTANCES,
    "ec2.AttachNetworkInterface": (_INSTANCE, _INTERFACE),
    "ec2.AuthorizeSecurityGroupEgress": _SECURITY_GROUP,
    "ec2.AuthorizeSecurityGroupIngress": _SECURITY_GROUP,
    "ec2.CreateLaunchTemplateVersion": _TEMPLATE,
    "ec2.DeleteLaunchTemplateVersions": _TEMPLATE,
    "ec2.CreateNetworkInterface": (
        "arn:{partition}:ec2:{region}:{account}:network-interface/*",
        "arn:{partition}:ec2:{region}:*:subnet/{SubnetId}",
        "arn:{partition}:ec2:{region}:{account}:security-group/*",
    ),
    "ec2.CreateSecurityGroup": (
        "arn:{partition}:ec2:{region}:{account}:security-group/*",
        "arn:{partition}:ec2:{region}:*:vpc/{VpcId}",
    ),
    "ec2.DeleteNetworkInterface": (_INTERFACE,),
    "ec2.DeleteSecurityGroup": _SECURITY_GROUP,
    "ec2.DetachNetworkInterface": (
        _SOME_INSTANCE,
        "arn:{partition}:ec2:{region}:{account}:network-interface/*",
    ),
    "ec2.ModifyInstanceNetworkPerformanceOptions": (_INSTANCE,),
    "ec2.ModifyInstancePlacement": (_INSTANCE, _PLACEMENT_GROUP),
    "ec2.CreatePlacementGroup": (_PLACEMENT_GROUP,),
    "ec2.DeletePlacementGroup": (_PLACEMENT_GROUP,),
    "ec2.ModifyNetworkInterfaceAttribute": (_SOME_INSTANCE, _INTERFACE),
    "ec2.RevokeSecurityGroupEgress": _SECURITY_GROUP,
    "ec2.RevokeSecurityGroupIngress": _SECURITY_GROUP,
    "ec2.CancelCapacityReservation": (
        "arn:{partition}:ec2:{region}:{account}:capacity-reservation/{CapacityReservationId}",
    ),
    "ec2.CreateTags": _TAGGED,
    "ec2.DeleteTags": _TAGGED,
    "cloudwatch.DeleteAlarms": ("arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmNames}",),
    "route53.ChangeResourceRecordSets": ("arn:{partition}:route53:::hostedzone/{HostedZoneId}",),
    "wafv2.DisassociateWebACL": ("{ResourceArn}",),
    "ec2.CreateNetworkAclEntry": _NETWORK_ACL,
    "ec2.DeleteNetworkAclEntry": _NETWORK_ACL,
    "wafv2.TagResource": _WAF_TAGGED,
    "wafv2.UntagResource": _WAF_TAGGED,
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
    "cloudfront.ListTagsForResource": ("{Resource}",),
    "cloudfront.TagResource": ("{Resource}",),
    "cloudfront.UntagResource": ("{Resource}",),
    "cloudfront.UpdateDistribution": _DISTRIBUTION,
    "cloudfront.AssociateDistributionWebACL": _DISTRIBUTION,
    "cloudfront.DisassociateDistributionWebACL": _DISTRIBUTION,
    "cloudfront.AssociateDistributionTenantWebACL": _TENANT,
    "cloudfront.UpdateDistributionTenant": _TENANT,
    "cloudfront.GetDistributionTenant": (
        "arn:{partition}:cloudfront::{account}:distribution-tenant/{Identifier}",
    ),
    "sqs.CreateQueue": ("arn:{partition}:sqs:{region}:{account}:{QueueName}",),
    "iam.PutRolePolicy": _ROLE,
    "iam.DeleteRolePolicy": _ROLE,
    "iam.GetRolePolicy": _ROLE,
    "lambda.UpdateFunctionConfiguration": ("arn:{partition}:lambda:{region}:{account}:function:{FunctionName}",),
    "scheduler.UpdateSchedule": _SCHEDULE,
    "cloudwatch.PutMetricAlarm": ("arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}",),
    "logs.FilterLogEvents": _LOG_GROUP,
    "sqs.GetQueueAttributes": ("{QueueArn}",),
    "sqs.ReceiveMessage": ("{QueueArn}",),
    "sqs.DeleteMessage": ("{QueueArn}",),
    "sqs.ChangeMessageVisibility": ("{QueueArn}",),
    "sqs.SendMessage": ("{QueueArn}",),
    "sqs.DeleteQueue": ("{QueueArn}",),
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
    # Rules name the function by its ARN.
    "lambda.AddPermission": ("{FunctionName}",),
    "lambda.GetPolicy": ("{FunctionName}",),
    "lambda.RemovePermission": ("{FunctionName}",),
    "autoscaling.CreateAutoScalingGroup": _GROUP,
    "autoscaling.DeleteAutoScalingGroup": _GROUP,
    "autoscaling.UpdateAutoScalingGroup": _GROUP,
    "autoscaling.StartInstanceRefresh": _GROUP,
    "batch.UpdateComputeEnvironment": (
        "arn:{partition}:batch:{region}:{account}:compute-environment/{computeEnvironment}",
    ),
    "autoscaling.PutLifecycleHook": _GROUP,
    "autoscaling.DeleteLifecycleHook": _GROUP,
    "autoscaling.SuspendProcesses": _GROUP,
    "autoscaling.ResumeProcesses": _GROUP,
    "autoscaling.EnableMetricsCollection": _GROUP,
    "autoscaling.DisableMetricsCollection": _GROUP,
    "autoscaling.AttachInstances": _GROUP,
    "autoscaling.DetachInstances": _GROUP,
    "autoscaling.AttachLoadBalancerTargetGroups": _GROUP,
    "ec2.ModifyInstanceAttribute": (_INSTANCE,),
    "lambda.CreateFunction": _FUNCTION,
    "lambda.DeleteFunction": _FUNCTION,
    "lambda.GetFunction": _FUNCTION,
    "lambda.EnableReplication*": _FUNCTION,
    "lambda.PutFunctionConcurrency": _FUNCTION,
    "lambda.GetFunctionConcurrency": _FUNCTION,
    "lambda.DeleteFunctionConcurrency": _FUNCTION,
    "elbv2.RegisterTargets": ("{TargetGroupArn}",),
    "events.PutRule": _RULE,
    "events.DeleteRule": _RULE,
    "events.DescribeRule": _RULE,
    "events.DisableRule": _RULE,
    "events.EnableRule": _RULE,
    "events.PutTargets": _RULE_OF_TARGET,
    "events.RemoveTargets": _RULE_OF_TARGET,
    "iam.PassRole": ("{RoleArn}",),
    "iam.CreateRole": _ROLE,
    "iam.DeleteRole": _ROLE,
    "iam.GetRole": _ROLE,
    "dlm.GetLifecyclePolicy": _LIFECYCLE_POLICY,
    "dlm.DeleteLifecyclePolicy": _LIFECYCLE_POLICY,
    "kms.CreateGrant": ("{KeyId}",),
    "kms.ListGrants": ("{KeyId}",),
    "kms.RevokeGrant": ("{KeyId}",),
    "logs.CreateLogGroup": _LOG_GROUP,
    "logs.DeleteLogGroup": _LOG_GROUP,
    "logs.PutRetentionPolicy": _LOG_GROUP,
    "logs.DeleteRetentionPolicy": _LOG_GROUP,
    "sns.CreateTopic": ("arn:{partition}:sns:{region}:{account}:{Name}",),
    "sns.DeleteTopic": ("{TopicArn}",),
    "sns.GetTopicAttributes": ("{TopicArn}",),
    "sns.ListSubscriptionsByTopic": ("{TopicArn}",),
    "sns.SetTopicAttributes": ("{TopicArn}",),
    "sns.Subscribe": ("{TopicArn}",),
    "sns.ListTagsForResource": ("{ResourceArn}",),
}

_WITH_CREATION = "tags are given in the call that makes the thing, which is what may be called"
_NAMES_THE_INSTANCE = "the call names the instance, IAM asks about its group"
ANY_RESOURCE = {
    "autoscaling:CreateOrUpdateTags": _WITH_CREATION,
    "autoscaling:SetInstanceHealth": _NAMES_THE_INSTANCE,
    "autoscaling:TerminateInstanceInAutoScalingGroup": _NAMES_THE_INSTANCE,
    "cloudwatch:TagResource": _WITH_CREATION,
    "dlm:CreateLifecyclePolicy": "IAM asks about no resource",
    "dlm:TagResource": _WITH_CREATION,
    "ec2:CreateCapacityReservation": "IAM asks about the reservation, and AWS gives it its id",
    "ec2:CreateImage": "IAM asks about the image, and about snapshots that have no ids yet",
    "ec2:CreateLaunchTemplate": "IAM asks about an id, which AWS gives it",
    "ec2:CreateTags": _WITH_CREATION,
    "ec2:DeleteLaunchTemplate": "IAM asks about the id, the call names the template",
    "ec2:RunInstances": "IAM asks about everything that an instance is launched with, and about what is made",
    "events:TagResource": _WITH_CREATION,
    "iam:CreateServiceLinkedRole": "the service makes its own role, once an account",
    "iam:TagRole": _WITH_CREATION,
    "kms:Decrypt": "a service uses the key that its resource is encrypted with",
    "kms:GenerateDataKey": "a service uses the key that its resource is encrypted with",
    "lambda:TagResource": _WITH_CREATION,
    "logs:TagResource": _WITH_CREATION,
    "sns:SetSubscriptionAttributes": "IAM asks about no resource",
    "sns:TagResource": _WITH_CREATION,
    "sns:Unsubscribe": "IAM asks about no resource",
    "sqs:TagQueue": _WITH_CREATION,
    "wafv2:AssociateWebACL": "the web ACL may be one that the plan makes, and has no ARN yet",
    "wafv2:GetWebACL": "CloudFront asks it, about whatever web ACL the distribution has by then",
    "wafv2:TagResource": _WITH_CREATION,
    "wafv2:UntagResource": "the IP set may be one that the plan makes, and has no ARN yet",
}
"""Why a policy allows these on every resource, by IAM action: nothing that changes something is `*` unsaid."""
