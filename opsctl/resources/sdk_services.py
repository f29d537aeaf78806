"""What the universal targets of EventBridge Scheduler call, by the names of boto3.

Source: Scheduler guide, "Using universal targets": `arn:aws:scheduler:::aws-sdk:service:apiAction`, where the
service is the SDK's identifier of it (`cognitoidentityprovider`, `sfn`) and the action begins with a small
letter. Which client of boto3 has which identifier is told by its service models (a test compares).
"""

import re

from opsctl.model.readonly import clients_with_reads, is_read_only

_TARGET = re.compile(r"arn:aws[a-z-]*:scheduler:::aws-sdk:(?P<service>[\w-]+):(?P<action>\w+)")
# Clients whose name is not their identifier with hyphens.
_CLIENTS = {
    "applicationdiscoveryservice": "discovery",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "configservice": "config",
    "costandusagereportservice": "cur",
    "costexplorer": "ce",
    "databasemigrationservice": "dms",
    "directoryservice": "ds",
    "directoryservicedata": "ds-data",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearchservice": "es",
    "eventbridge": "events",
    "iotdataplane": "iot-data",
    "iotjobsdataplane": "iot-jobs-data",
    "lexmodelbuildingservice": "lex-models",
    "lexmodelsv2": "lexv2-models",
    "lexruntimeservice": "lex-runtime",
    "lexruntimev2": "lexv2-runtime",
    "marketplaceentitlementservice": "marketplace-entitlement",
    "marketplacemetering": "meteringmarketplace",
    "migrationhub": "mgh",
    "serverlessapplicationrepository": "serverlessrepo",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
    # Clients that have no reads.
    "ec2instanceconnect": "ec2-instance-connect",
    "paymentcryptographydata": "payment-cryptography-data",
    "personalizeevents": "personalize-events",
    "rdsdata": "rds-data",
    "sagemakerfeaturestoreruntime": "sagemaker-featurestore-runtime",
    "sagemakerruntime": "sagemaker-runtime",
}


def universal_api(target: str) -> str:
    """The API that a universal target calls, as `sqs:sendMessage`; empty for other targets."""
    found = _TARGET.fullmatch(target)
    return f"{found['service']}:{found['action']}" if found else ""


def called_by(api: str) -> tuple[str, str]:
    """The boto3 client and the operation of an API that a universal target calls.

    Raises:
        ValueError: opsctl does not know the service, or it is a call that only reads.
    """
    service, _, action = api.partition(":")
    client = client_of(service)
    operation = f"{action[:1].upper()}{action[1:]}"
    if not client:
        raise ValueError(f"it makes the call {api}, which the installed SDK does not know")
    if is_read_only(client, operation):
        raise ValueError(f"it makes the call {api}, which only reads")
    return client, operation


def client_of(identifier: str) -> str:
    """The boto3 client of a service by the SDK's identifier, without hyphens; empty for none."""
    plain = identifier.lower().replace("-", "")
    named = {client.replace("-", ""): client for client in clients_with_reads()}
    return _CLIENTS.get(plain) or named.get(plain, "")
