"""What the checks know of AWS's services, against what the SDK reads in the same files."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from opsctl.aws import service_models
from opsctl.aws.service_models import MAX_DEPTH, InstalledModels

SERVICES = ("autoscaling", "cloudfront", "ec2", "events", "iam", "lambda", "route53", "s3", "sqs", "sts", "wafv2")
OURS = {"integer": "integer", "long": "integer", "boolean": "boolean", "float": "number", "double": "number"}


def by_the_sdk(shape: Any, depth: int) -> Any:
    """Describe a shape that the SDK has resolved, member by member."""
    if depth == 0:
        return {}
    if shape.type_name == "structure":
        members = {name: by_the_sdk(one, depth - 1) for name, one in shape.members.items()}
        required = shape.metadata.get("required") or []
        known = {"type": "object", "properties": members, "additionalProperties": False}
        return known | ({"required": list(required)} if required else {})
    if shape.type_name == "list":
        return {"type": "array", "items": by_the_sdk(shape.member, depth - 1)}
    if shape.type_name == "map":
        return {"type": "object", "additionalProperties": by_the_sdk(shape.value, depth - 1)}
    enum = getattr(shape, "enum", None)
    return {"type": OURS.get(shape.type_name, "string")} | ({"enum": list(enum)} if enum else {})


@pytest.mark.parametrize("service", SERVICES)
def test_operations_and_shapes_are_those_that_the_sdk_reads(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    models, depth = InstalledModels(), 3
    assert models.operations(service) == set(model.operation_names)
    monkeypatch.setattr(service_models, "MAX_DEPTH", depth)
    service_models._side.cache_clear()
    for name in model.operation_names:
        operation = model.operation_model(name)
        for shape, ours in (
            (operation.input_shape, models.input_shape(service, name)),
            (operation.output_shape, models.output_shape(service, name)),
        ):
            assert ours == (by_the_sdk(shape, depth) if shape else {"type": "object", "properties": {}}), name
    service_models._side.cache_clear()
    assert depth < MAX_DEPTH


def test_the_services_are_those_that_the_sdk_has_clients_for() -> None:
    assert InstalledModels().services() == set(Loader().list_available_services("service-2"))


def test_what_the_sdk_adds_to_a_model_is_there_too() -> None:
    added = [
        path
        for path in Path(Loader.BUILTIN_DATA_PATH).glob("*/*/service-2.sdk-extras.json")
        if path.parent.name == max(one.name for one in path.parents[1].iterdir())
    ]
    assert added
    # In a process of its own: clients that were made in this one have taken the bucket out of S3's paths.
    code = (
        "import sys\n"
        "from botocore.loaders import Loader\n"
        "from opsctl.aws.service_models import _model\n"
        "same = [_model(one) == Loader().load_service_model(one, 'service-2') for one in sys.argv[1:]]\n"
        "sys.exit(not all(same))\n"
    )
    services = [path.parents[1].name for path in added]
    assert subprocess.run([sys.executable, "-c", code, *services], check=False).returncode == 0


@pytest.mark.parametrize("service", ["no-such-service", "", "../sts", "sts/2011-06-15", "EC2", "a\nb"])
def test_what_is_no_service_has_no_operations(service: str) -> None:
    models = InstalledModels()
    assert models.operations(service) == frozenset()
    assert models.input_shape(service, "GetCallerIdentity") is None
    with pytest.raises(ValueError, match="does not know"):
        models.request(service, "GetCallerIdentity", {}, "t")


def test_an_operation_that_is_none_has_no_shape() -> None:
    assert InstalledModels().input_shape("sts", "Nothing") is None


def test_models_are_read_without_importing_the_sdk() -> None:
    code = (
        "import json, sys\n"
        "from opsctl.aws.service_models import InstalledModels\n"
        "shape = InstalledModels().input_shape('ec2', 'CreateNetworkAclEntry')\n"
        "print(json.dumps([sorted(shape['properties']), [one for one in sys.modules if 'boto' in one]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    members, imported = json.loads(done.stdout)
    assert ("RuleNumber" in members, imported) == (True, [])
