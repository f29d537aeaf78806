"""Which program keeps a notification, by the id that it gives its own.

Sources: ids of real events (`tf-s3-queue-` and a time: Terraform's provider); the handler that CDK deploys for
buckets it did not make (the stack's ARN, a dash, a hash); the custom resource of the Serverless Framework for
existing buckets (the function's name, a dash, an MD5).
"""

import re

_TERRAFORM = re.compile(r"tf-s3-(?:queue|topic|lambda)-\d{14,}")
_STACK = re.compile(r"arn:[a-z-]+:cloudformation:[^:]+:\d{12}:stack/([^/]+)/[0-9a-f-]+--?\d+")
_HASHED = re.compile(r"(.+)-[0-9a-f]{32}")


def owner_of_entry(id_: str, arn: str) -> str:
    """Name the program that keeps an entry of this id and destination; empty where its id tells of none."""
    if _TERRAFORM.fullmatch(id_):
        return "Terraform, which writes the whole configuration"
    if stack := _STACK.fullmatch(id_):
        return f"CDK, stack {stack[1]}"
    hashed = _HASHED.fullmatch(id_)
    if hashed and arn.split(":")[2:3] == ["lambda"] and arn.split(":")[6:7] == [hashed[1]]:
        return f"the Serverless Framework, function {hashed[1]}"
    return ""
