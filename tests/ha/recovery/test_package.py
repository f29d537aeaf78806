"""What is deployed: the same bytes everywhere, a file that stands alone, and a role for just what it needs."""

import ast
import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore
import botocore.session
import pytest
from botocore import xform_name
from botocore.config import Config
from moto.iam.policy_validation import IAMPolicyDocumentValidator

from opsctl.ha.recovery import handler
from opsctl.ha.recovery.package import (
    FILES,
    HANDLER,
    TRUST_POLICY,
    VARIABLE,
    PrivateRecord,
    RecoveredAddress,
    RecoveryConfig,
    code,
    dlm_policy,
    dlm_trust,
    environment,
    role_policy,
    standby_policy,
)
from opsctl.model.value import Json
from tests.ha.recovery.harness import ADDRESS, IDENTITY, KEY, TOPIC
from tests.ha.recovery.scenarios import SCENARIOS
from tests.ha.recovery.test_scenarios import played, scenarios, some_scenarios
from tests.kit.iam_check import allows
from tests.kit.iam_reference import faults_of
from tests.kit.memory_ec2 import ACCOUNT, REGION
from tests.kit.memory_group import GROUP
from tests.kit.samples import some_or_all

FULL = RecoveryConfig(
    group=GROUP,
    region=REGION,
    topic_arn=TOPIC,
    addresses=(RecoveredAddress(allocation_id=ADDRESS),),
    devices=("/dev/sdf",),
    allow_data_loss_s=60,
    source_dest_check=False,
    record=PrivateRecord(zone_id="Z1", name="DB.internal."),
    snapshot_every_s=3600,
    keep_snapshots=48,
)
OURS = {"aws:resourcetag/opsctl:ha": [GROUP]}
FOREIGN = {"aws:resourcetag/opsctl:ha": ["ha-other"]}
VIA_EC2 = {"kms:viaservice": [f"ec2.{REGION}.amazonaws.com"]}
AUTOSCALING = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:0e:autoScalingGroupName"
ON_BEHALF = ("kms:", "logs:", "sqs:")
"""Services that EC2 and Lambda call with the role, not the handler."""


def actions(policy: Json) -> set[str]:
    """Every action that a policy names."""
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def arn(kind: str, name: str = "x") -> str:
    """An ARN of Amazon EC2."""
    return f"arn:aws:ec2:{REGION}:{'' if kind == 'snapshot' else ACCOUNT}:{kind}/{name}"


SOURCES = {f"opsctl/ha/recovery/{each}.py": Path(handler.__file__).with_name(f"{each}.py") for each in FILES}


def test_the_code_is_the_same_bytes_every_time_and_is_the_files_themselves() -> None:
    assert code() == code()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(code()))) as archive:
        assert {each.filename for each in archive.infolist()} == SOURCES.keys()
        for entry in archive.infolist():
            assert (entry.external_attr >> 16) & 0o004, "Lambda runs as another user and has to read it"
            assert archive.read(entry) == SOURCES[entry.filename].read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_a_file_imports_the_standard_library_botocore_and_the_other_files_alone(name: str) -> None:
    tree = ast.parse(Path(handler.__file__).with_name(f"{name}.py").read_text(), feature_version=(3, 11))
    imported = {one.name for node in tree.body if isinstance(node, ast.Import) for one in node.names}
    imported |= {node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)}
    others = {f"opsctl.ha.recovery.{each}" for each in FILES} | {"botocore.exceptions"}
    assert {each.partition(".")[0] for each in imported - others} <= sys.stdlib_module_names


def run_alone(where: Path, entry: str, *, standby: bool = False) -> None:
    """Import the entry point from the package alone, with what Lambda's runtime brings."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(code(standby=standby)))) as archive:
        archive.extractall(where)
    module, _, name = entry.rpartition(".")
    runtime = Path(botocore.__file__).parents[1]
    check = f"import importlib, sys; sys.path.insert(0, '.'); sys.path.append({str(runtime)!r})"
    check += f"; assert importlib.import_module({module!r}).{name}; assert 'pydantic' not in sys.modules"
    subprocess.run([sys.executable, "-I", "-S", "-c", check], cwd=where, check=True)


def test_the_package_runs_by_itself(tmp_path: Path) -> None:
    run_alone(tmp_path, HANDLER)


def test_the_environment_is_the_configuration_in_one_canonical_variable() -> None:
    variables = environment(FULL)
    assert RecoveryConfig.model_validate(json.loads(variables[VARIABLE])) == FULL
    assert environment(RecoveryConfig.model_validate(json.loads(variables[VARIABLE]))) == variables
    assert len(variables[VARIABLE]) < 4096, "Lambda's limit for all variables together"


@pytest.mark.parametrize("field", ["allow_data_loss_s", "snapshot_every_s", "dlm_every_s"])
def test_a_negative_time_is_not_a_configuration(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        RecoveryConfig(group=GROUP, region=REGION, topic_arn=TOPIC, keep_snapshots=48, **{field: -1})


def test_only_lambda_may_take_the_role() -> None:
    (statement,) = TRUST_POLICY["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_only_data_lifecycle_manager_for_this_account_may_take_the_role_of_its_policy() -> None:
    (statement,) = dlm_trust(IDENTITY)["Statement"]
    assert statement["Principal"] == {"Service": "dlm.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "no confused deputy"


@pytest.mark.parametrize(
    ("allowed", "action", "resource", "context"),
    [
        (True, "ec2:CreateSnapshots", arn("instance"), {"aws:resourcetag/opsctl:ha-snapshots": [GROUP]}),
        (False, "ec2:CreateSnapshots", arn("instance"), {"aws:resourcetag/opsctl:ha-snapshots": ["retired"]}),
        (False, "ec2:CreateSnapshots", arn("instance"), OURS),
        (True, "ec2:CreateSnapshots", arn("volume"), {}),
        (True, "ec2:CreateSnapshots", arn("snapshot"), {}),
        (True, "ec2:CreateTags", arn("snapshot"), {"ec2:createaction": ["CreateSnapshots"]}),
        (False, "ec2:CreateTags", arn("snapshot"), {}),
        (False, "ec2:CreateTags", arn("snapshot"), {"aws:resourcetag/opsctl:ha-snapshots": [GROUP]}),
        (False, "ec2:CreateTags", arn("snapshot"), {"ec2:createaction": ["CopySnapshot"]}),
        (False, "ec2:CreateTags", arn("volume"), OURS),
        (True, "ec2:DeleteSnapshot", arn("snapshot"), {"aws:resourcetag/opsctl:ha-snapshots": [GROUP]}),
        (False, "ec2:DeleteSnapshot", arn("snapshot"), OURS),
        (False, "ec2:DeleteVolume", arn("volume"), OURS),
        (True, "kms:CreateGrant", KEY, VIA_EC2 | {"kms:grantisforawsresource": ["true"]}),
        (False, "kms:CreateGrant", KEY, {"kms:grantisforawsresource": ["true"]}),
    ],
)
def test_data_lifecycle_manager_may_take_this_groups_snapshots_and_delete_no_others(
    allowed: bool, action: str, resource: str, context: dict[str, list[str]]
) -> None:
    assert allows(dlm_policy(FULL, IDENTITY, [KEY]), action, resource, context) is allowed


def test_every_action_of_the_roles_exists() -> None:
    session = botocore.session.get_session()
    policies = [role_policy(FULL, IDENTITY, [KEY]), dlm_policy(FULL, IDENTITY, [KEY])]
    for action in {action for policy in policies for action in actions(policy)}:
        service, name = action.split(":")
        known = session.get_service_model(service).operation_names
        assert any(each.startswith(name.rstrip("*")) if name.endswith("*") else each == name for each in known), (
            action
        )


def every_policy() -> Iterator[Json]:
    bare = RecoveryConfig(group=GROUP, region=REGION, topic_arn=TOPIC, keep_snapshots=48)
    for config in (FULL, bare, FULL.model_copy(update={"dlm_every_s": 3600, "snapshot_every_s": 0})):
        for keys, topic_key in (((), ""), ((KEY,), KEY.replace("key/", "key/topic-"))):
            yield role_policy(config, IDENTITY, keys, topic_key)
            yield standby_policy(config, IDENTITY, keys, topic_key)
            yield dlm_policy(config, IDENTITY, keys)


def test_every_condition_of_the_roles_is_one_that_aws_asks_for_that_action_and_resource() -> None:
    assert not [fault for policy in every_policy() for fault in faults_of(policy)]


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ({"Action": ["ec2:CreateTags"], "Resource": [arn("snapshot")],
          "Condition": {"StringEquals": {"ec2:Attribute": "Name"}}}, "never has ec2:Attribute"),
        ({"Action": ["ec2:ModifyNetworkInterfaceAttribute"], "Resource": [arn("instance")],
          "Condition": {"StringEquals": {"ec2:Attribute/SourceDestCheck": "false"}}}, "never has ec2:Attr"),
        ({"Action": ["ec2:StopInstances"], "Resource": [arn("volume")]}, "is not asked about"),
        ({"Action": ["ec2:CreateTag"], "Resource": ["*"]}, "not in the reference"),
        ({"Action": ["ec2:CreateTags"], "Resource": ["*"], "Condition": {"StringIs": {"ec2:Region": "x"}}},
         "the operator StringIs"),
    ],
)  # fmt: skip
def test_the_reference_tells_a_condition_that_aws_never_asks(statement: Json, fault: str) -> None:
    found = faults_of({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    assert [each for each in found if fault in each]


def test_iam_s_own_grammar_takes_the_roles_policies() -> None:
    for policy in every_policy():
        IAMPolicyDocumentValidator(json.dumps(policy)).validate()


@pytest.mark.exhaustive
def test_the_role_has_no_action_that_no_scenario_needs() -> None:
    granted: set[str] = set()
    needed: set[str] = set()
    for name in SCENARIOS:
        granted |= actions(played(name).policy)
        needed |= played(name).asked
    assert {each for each in granted if not each.startswith(ON_BEHALF)} == needed


@pytest.mark.parametrize(
    "name",
    scenarios(
        but=(
            "the_instances_lack_the_groups_tag",
            "the_tags_of_the_volume_were_removed",
            "the_volumes_lost_their_tags_and_an_older_state_is_allowed",
        )
    ),
)
def test_the_role_lacks_nothing_that_a_scenario_needs(name: str) -> None:
    assert not [each for each in played(name).lines if "UnauthorizedOperation" in str(each)]
    assert not played(name).errors


@pytest.mark.parametrize("policy_of", [role_policy, standby_policy])
def test_the_role_may_use_the_key_of_its_topic_by_way_of_sns_alone(policy_of: Callable[..., Json]) -> None:
    key = KEY.replace("key/", "key/topic-")
    granted = policy_of(FULL, IDENTITY, [KEY], key)
    through = {"kms:viaservice": [f"sns.{REGION}.amazonaws.com"]}
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        assert allows(granted, action, key, through)
        assert not allows(granted, action, key, {"kms:viaservice": [f"ec2.{REGION}.amazonaws.com"]})
        assert not allows(policy_of(FULL, IDENTITY, [KEY]), action, key, through)


def test_the_role_is_no_wider_than_its_configuration() -> None:
    bare = RecoveryConfig(group=GROUP, region=REGION, topic_arn=TOPIC, keep_snapshots=48)
    needless = (
        "kms:",
        "route53:",
        "ec2:Associate",
        "ec2:Attach",
        "ec2:CreateS",
        "ec2:CreateV",
        "ec2:Modify",
        "ec2:Stop",
    )
    assert not [each for each in actions(role_policy(bare, IDENTITY, [KEY])) if each.startswith(needless)]


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:StopInstances", arn("instance"), FOREIGN),
        ("ec2:StopInstances", arn("instance"), {}),
        ("ec2:DetachVolume", arn("volume"), FOREIGN),
        ("ec2:AttachVolume", arn("instance"), {}),
        ("ec2:CreateVolume", arn("snapshot"), FOREIGN),
        ("ec2:CreateVolume", arn("volume"), {"aws:requesttag/opsctl:ha": ["ha-other"]}),
        ("ec2:CreateTags", arn("volume"), OURS | {"aws:tagkeys": ["opsctl:ha-role", "Owner"]}),
        ("ec2:CreateTags", arn("instance"), OURS | {"aws:tagkeys": ["opsctl:ha"]}),
        ("ec2:CreateTags", arn("instance"), FOREIGN | {"aws:tagkeys": ["opsctl:ha-wait"]}),
        ("ec2:CreateTags", arn("volume"), {"ec2:createaction": ["RunInstances"]}),
        ("ec2:AssociateAddress", arn("elastic-ip", "eipalloc-2"), {}),
        ("ec2:ModifyNetworkInterfaceAttribute", arn("network-interface"), {}),
        ("ec2:ModifyNetworkInterfaceAttribute", arn("network-interface"), OURS),
        ("ec2:ModifyNetworkInterfaceAttribute", arn("network-interface"),
         OURS | {"ec2:attribute/groupset": ["sg-1"]}),
        ("ec2:ModifyNetworkInterfaceAttribute", arn("network-interface"),
         OURS | {"ec2:attribute/sourcedestcheck": ["true"]}),
        ("ec2:ModifyNetworkInterfaceAttribute", arn("network-interface"),
         FOREIGN | {"ec2:attribute/sourcedestcheck": ["false"]}),
        ("ec2:CreateTags", arn("snapshot"), {}),
        ("ec2:CreateTags", arn("snapshot"), OURS),
        ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z2", {}),
        (
            "route53:ChangeResourceRecordSets",
            "arn:aws:route53:::hostedzone/Z1",
            {"route53:changeresourcerecordsetsnormalizedrecordnames": ["other.internal"]},
        ),
        ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": ["AWS/EC2"]}),
        ("autoscaling:CompleteLifecycleAction", f"{AUTOSCALING}/ha-web2", {}),
        ("sns:Publish", f"arn:aws:sns:{REGION}:{ACCOUNT}:other", {}),
        ("ec2:DeleteVolume", arn("volume"), OURS),
        ("ec2:DeleteSnapshot", arn("snapshot"), OURS),
        ("ec2:TerminateInstances", arn("instance"), OURS),
    ],
)  # fmt: skip
def test_the_role_may_not(action: str, resource: str, context: dict[str, list[str]]) -> None:
    assert not allows(role_policy(FULL, IDENTITY, [KEY]), action, resource, context)


def test_a_customer_key_is_used_through_ec2_only_and_never_without_one() -> None:
    with_key, without = role_policy(FULL, IDENTITY, [KEY]), role_policy(FULL, IDENTITY)
    assert not [each for each in actions(without) if each.startswith("kms:")]
    for_aws = {"kms:grantisforawsresource": ["true"]}
    assert allows(with_key, "kms:Decrypt", KEY, VIA_EC2)
    assert not allows(with_key, "kms:Decrypt", KEY, {})
    assert allows(with_key, "kms:CreateGrant", KEY, VIA_EC2 | for_aws)
    assert not allows(with_key, "kms:CreateGrant", KEY, VIA_EC2)
    assert not allows(with_key, "kms:CreateGrant", KEY, for_aws)


@pytest.mark.parametrize("share", some_or_all(2))
def test_the_handler_calls_nothing_but_operations_that_exist(share: int) -> None:
    session = botocore.session.get_session()
    for call in {call for name in some_scenarios(share) for call in played(name).calls}:
        service, operation = call.split(".")
        assert operation in {xform_name(each) for each in session.get_service_model(service).operation_names}


def test_a_call_that_hangs_costs_seconds_and_telling_people_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: dict[str, float] = {}

    def client(service: str, *, region_name: str, config: Config) -> object:
        each = config.connect_timeout + config.read_timeout
        waits[service] = each * config.retries["total_max_attempts"]
        return object()

    class Asks(handler.Recovery):
        """Asks for every client, and does nothing else."""

        def run(self, event: Json, deadline_s: float) -> None:
            for service in ("autoscaling", "ec2", "route53", "sns", "cloudwatch"):
                self.clients(service)
            assert deadline_s == 105

    class Context:
        """What Lambda hands to a function."""

        def get_remaining_time_in_millis(self) -> int:
            """As much as the function has."""
            return 120_000

    monkeypatch.setattr("boto3.client", client)
    monkeypatch.setenv(VARIABLE, environment(FULL)[VARIABLE])
    handler.lambda_handler({}, Context(), Asks)
    assert max(waits.values()) < 45
    assert max(waits["sns"], waits["cloudwatch"]) <= 12
