"""Encryption by default, its key, and who may use a customer key.

Source: EC2 API (GetEbsDefaultKmsKeyId, ModifyEbsDefaultKmsKeyId, ResetEbsDefaultKmsKeyId and
EnableEbsEncryptionByDefault, with their documentation), the answers in the AWS CLI's examples (`alias/aws/ebs`
where nobody chose a key), and the Auto Scaling guide: key-policy-requirements-EBS-encryption and
ts-as-instancelaunchfailure. moto knows the switch alone: it encrypts nothing by it, and takes AWS's own key for a
customer's.
"""

import json
from collections.abc import Callable
from typing import Any

AWS_KEY = "alias/aws/ebs"
SERVICE_ROLE = "AWSServiceRoleForAutoScaling"


def install() -> None:
    """Put the rules around moto's EBS."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.responses import EC2Response

    EC2Backend._create_default_encryption_key = _aws_owned(EC2Backend._create_default_encryption_key)
    EC2Backend.create_volume = _encrypted(EC2Backend.create_volume)
    EC2Response.get_ebs_default_kms_key_id = _get
    EC2Response.modify_ebs_default_kms_key_id = _modify
    EC2Response.reset_ebs_default_kms_key_id = _reset


def key_by_default(ec2: Any) -> str:
    """Return the ARN of the key that a new volume is encrypted with when nobody says; empty when it is not."""
    if not getattr(ec2, "ebs_encryption_by_default", False):  # not there yet while moto makes its images
        return ""
    return str(ec2.__dict__.get("opsctl_default_key") or ec2._create_default_encryption_key())


def group_may_use(ec2: Any, key_id: str) -> bool:
    """Tell whether Auto Scaling's own role may use a key: AWS's, or one whose grants or policy name the role."""
    from moto.kms import kms_backends

    kms = kms_backends[ec2.account_id][ec2.region_name]
    key = kms.keys.get(kms.any_id_to_key_id(key_id))
    if key is None or key.key_manager == "AWS":
        return key is not None
    granted = any(SERVICE_ROLE in one.grantee_principal for one in key.grants.values())
    return key.enabled and (granted or _names_role(key.policy))


def _names_role(policy: str) -> bool:
    statements = json.loads(policy or "{}").get("Statement", [])
    return any(SERVICE_ROLE in str(one.get("Principal")) for one in statements if one.get("Effect") == "Allow")


def _aws_owned(method: Callable[..., str]) -> Callable[..., str]:
    """The key behind `alias/aws/ebs` is AWS's own, which every role of the account may use through EC2."""

    def create(self: Any) -> str:
        from moto.kms import kms_backends

        arn = method(self)
        kms_backends[self.account_id][self.region_name].describe_key(AWS_KEY).key_manager = "AWS"
        return arn

    return create


def _encrypted(method: Callable[..., Any]) -> Callable[..., Any]:
    """By default a new volume is encrypted, unless its snapshot is with a key of its own already."""

    def create(self: Any, *args: Any, **more: Any) -> Any:
        key = key_by_default(self)
        snapshot = self.get_snapshot(more["snapshot_id"]) if more.get("snapshot_id") else None
        if key and not more.get("kms_key_id") and not (snapshot is not None and snapshot.encrypted):
            more |= {"encrypted": True, "kms_key_id": key}
        return method(self, *args, **more)

    return create


def _get(self: Any) -> Any:
    return _answer(self.ec2_backend.__dict__.get("opsctl_default_key") or AWS_KEY)


def _modify(self: Any) -> Any:
    self.error_on_dryrun()
    key = self.ec2_backend.modify_ebs_default_kms_key_id(self._get_param("KmsKeyId"))
    self.ec2_backend.__dict__["opsctl_default_key"] = key
    return _answer(key)


def _reset(self: Any) -> Any:
    self.error_on_dryrun()
    self.ec2_backend.__dict__.pop("opsctl_default_key", None)
    self.ec2_backend.default_kms_key_id = None
    return _answer(AWS_KEY)


def _answer(key: str) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult({"KmsKeyId": key})
