"""Versions of launch templates by AWS's rules (EC2 API reference; EC2 user guide, launch template versions)."""

from typing import Any

from tests.kit.groups import refused, template
from tests.kit.moto_account import client, fresh_world


def numbers(of: str) -> list[Any]:
    told = client("ec2").describe_launch_template_versions(LaunchTemplateId=of)["LaunchTemplateVersions"]
    return [one["VersionNumber"] for one in told]


def test_a_token_makes_one_version_and_a_source_gives_what_is_not_named() -> None:
    with fresh_world():
        of, ec2 = template(), client("ec2")
        asked = {"LaunchTemplateId": of, "SourceVersion": "1", "ClientToken": "t"}
        for _ in range(2):
            made = ec2.create_launch_template_version(**asked, LaunchTemplateData={"InstanceType": "m5.large"})
        data = made["LaunchTemplateVersion"]["LaunchTemplateData"]
        assert (numbers(of), data["InstanceType"]) == ([1, 2], "m5.large")
        assert data["ImageId"]


def test_the_default_version_stays_and_no_number_is_given_twice() -> None:
    with fresh_world():
        of, ec2 = template(), client("ec2")
        another = {"LaunchTemplateId": of, "LaunchTemplateData": {"InstanceType": "m5.large"}}
        ec2.create_launch_template_version(**another)
        told = ec2.delete_launch_template_versions(LaunchTemplateId=of, Versions=["1", "2", "7"])
        gone, left = (
            [one["VersionNumber"] for one in told[f"{kind}DeletedLaunchTemplateVersions"]]
            for kind in ("Successfully", "Unsuccessfully")
        )
        assert (gone, left) == ([2], [1, 7])
        ec2.create_launch_template_version(**another)
        assert numbers(of) == [1, 3]
        gone_one: dict[str, Any] = {"LaunchTemplateId": of, "Versions": ["2"]}
        refused("InvalidLaunchTemplateId.VersionNotFound", ec2.describe_launch_template_versions, **gone_one)
