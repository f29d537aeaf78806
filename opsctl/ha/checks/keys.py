"""Judges the KMS keys of an instance's disks, those that they have and those that new ones will have.

Sources: Auto Scaling user guide, key-policy-requirements-EBS-encryption and ts-as-instancelaunchfailure; EBS user
guide, encryption by default; EC2 API, ModifyEbsDefaultKmsKeyId ("if you delete or disable the customer managed key
..., your instances will fail to launch").
"""

from collections.abc import Iterator

from opsctl.ha.checks.preflight_finding import GROUP_ONLY, Mode, PreflightFinding, block, carry, fix, warn
from opsctl.ha.inventory import Inventory
from opsctl.model.value import Json

SERVICE_ROLE = "AWSServiceRoleForAutoScaling"
_TO_IAM = (
    "the IAM policy of the handler's role allows its use, which is effective only if the key policy "
    "delegates to IAM (it names this account's root); check that, and run a drill"
)

_GRANTING = (
    "the service-linked role of Auto Scaling has no access to customer managed keys by default, and "
    "launches fail without an error; the plan creates a grant (redundant but harmless if the key policy "
    "already allows it)"
)


def check_keys(inventory: Inventory) -> Iterator[PreflightFinding]:
    """Whether the group's own role and the handler may use the keys, and whether the keys can be used at all."""
    yield from _unusable(inventory)
    keys = sorted({one.kms_key for one in inventory.data_volumes if is_customer_key(inventory, one.kms_key)})
    if keys:
        yield warn("data-key", f"data volumes are encrypted with customer managed key {', '.join(keys)}", _TO_IAM)
    yield from _root(inventory)
    yield from _default(inventory)


def is_customer_key(inventory: Inventory, key: str) -> bool:
    """Whether a key is a customer's, whose policy decides who may use it; what could not be read is not."""
    return bool(_about(inventory, key).get("KeyManager") == "CUSTOMER")


def default_key(inventory: Inventory) -> str:
    """Return the key with which the account encrypts every new volume; empty where it does not."""
    on = (inventory.answers.get("ebs-encryption") or {}).get("EbsEncryptionByDefault")
    return str((inventory.answers.get("ebs-default-key") or {}).get("KmsKeyId") or "") if on else ""


def key_to_grant(inventory: Inventory) -> str:
    """Return the customer key of a replacement's root disk that Auto Scaling has no grant for; empty if none."""
    key = _root_key_to_be(inventory)
    return key if is_customer_key(inventory, key) and not _granted(inventory, key) else ""


def keys_of_handler(inventory: Inventory, mode: Mode) -> tuple[str, ...]:
    """Return the keys that the handler has to be let use; AWS's own needs nothing.

    Those of the data, and of what is made of it; where it starts a standby, that of the root volume as well: AWS
    gives EC2 a grant for every start. EBS answers an alias, no ARN, where its own key is the default.
    """
    keys = {one.kms_key or default_key(inventory) for one in inventory.data_volumes}
    if mode == "standby":
        keys.add(_root_key_to_be(inventory))
    named = sorted(key for key in keys if key.startswith("arn:"))
    return tuple(key for key in named if _about(inventory, key).get("KeyManager") != "AWS")


def _root_key_to_be(inventory: Inventory) -> str:
    """A disk from an encrypted image keeps the key; one from any other gets the account's default."""
    return str(inventory.root_volume.get("KmsKeyId") or "") or default_key(inventory)


def _about(inventory: Inventory, key: str) -> dict[str, Json]:
    found: dict[str, Json] = (inventory.answers.get(f"key {key}") or {}).get("KeyMetadata", {})
    return found


def _granted(inventory: Inventory, key: str) -> bool:
    grants = (inventory.answers.get(f"grants {key}") or {}).get("Grants", [])
    return any(SERVICE_ROLE in str(one.get("GranteePrincipal", "")) for one in grants)


def _unusable(inventory: Inventory) -> Iterator[PreflightFinding]:
    """A key that is disabled or about to be deleted lets no disk be attached or made, whoever asks."""
    keys = {one.kms_key for one in inventory.data_volumes} | {_root_key_to_be(inventory), default_key(inventory)}
    for key in sorted(keys - {""}):
        state = _about(inventory, key).get("KeyState", "Enabled")
        if state != "Enabled":
            why = "a volume with that key can be neither created nor attached to a replacement: fix the key first"
            yield block("key-state", f"KMS key {key} is {state}", why)


def _root(inventory: Inventory) -> Iterator[PreflightFinding]:
    """A customer key of the root volume has to let the group's own role in; data volumes are the handler's."""
    key = str(inventory.root_volume.get("KmsKeyId") or "")
    if not is_customer_key(inventory, key):
        return
    if _granted(inventory, key):
        why = "a grant lets the group's role use it"
        yield carry("root-key", f"the root volume is encrypted with {key}", why, GROUP_ONLY)
    else:
        what = f"the root volume is encrypted with customer managed key {key}"
        yield fix("root-key", what, _GRANTING, GROUP_ONLY)


def _default(inventory: Inventory) -> Iterator[PreflightFinding]:
    """What is made of disks that are not encrypted will be, with a key that nobody here has used so far."""
    key = default_key(inventory)
    if not is_customer_key(inventory, key):
        return
    what = f"the account encrypts new volumes by default, with customer managed key {key}"
    if not inventory.root_volume.get("KmsKeyId"):
        if _granted(inventory, key):
            why = (
                "the root disk of a replacement will be encrypted with it; a grant lets the group's role "
                "use the key"
            )
            yield carry("default-key", what, why, GROUP_ONLY)
        else:
            why = f"the root disk of a replacement will be encrypted with it: {_GRANTING}"
            yield fix("default-key", what, why, GROUP_ONLY)
        why = f"the standby's root disk will be encrypted with it; {_TO_IAM}"
        yield warn("default-key", what, why, ("standby",))
    if any(not one.kms_key for one in inventory.data_volumes):
        yield warn(
            "default-key-data",
            what,
            (f"copies of data volumes in another zone will be encrypted with it: {_TO_IAM}"),
        )
