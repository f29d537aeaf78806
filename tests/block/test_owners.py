"""Owners, as tags tell them."""

import pytest

from opsctl.resources.owners import owner_of


@pytest.mark.parametrize(
    ("tags", "owner"),
    [
        ({}, ""),
        ({"Name": "web", "team": "shop"}, ""),
        ({"aws:cloudformation:stack-name": "net", "terraform": "true"}, "CloudFormation stack net"),
        ({"elbv2.k8s.aws/cluster": "prod"}, "AWS Load Balancer Controller of cluster prod"),
        ({"Terraform": "true"}, "Terraform (tag Terraform=true)"),
        ({"terraform": "false"}, ""),
        ({"ManagedBy": "Terraform"}, "Terraform (tag ManagedBy=Terraform)"),
        ({"managed-by": "hand"}, ""),
    ],
)
def test_the_owner_is_named(tags: dict[str, str], owner: str) -> None:
    assert owner_of(tags) == owner
