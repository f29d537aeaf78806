"""The SDK's data files as our loader reads them, against the SDK's own reading."""

import gzip
import json
from pathlib import Path

import pytest
from botocore.loaders import Loader
from botocore.session import Session

from opsctl.aws import data_files, service_models
from opsctl.aws.clients import Clients, Connection
from opsctl.aws.model_files import PlainFiles, model_files

FILES = ("endpoints", "partitions", "_retry", "sts/2011-06-15/service-2", "sts/2011-06-15/endpoint-rule-set-1")


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_the_sdk_reads_in_it_in_the_same_order(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "_READ", {})  # the SDK fills in defaults in what it has loaded
    ours = Loader(file_loader=PlainFiles())
    assert json.dumps(ours.load_data(name)) == json.dumps(Loader().load_data(name))


def test_a_file_is_read_once_for_clients_and_for_the_checks_of_a_playbook() -> None:
    first, second = Clients(Connection(region="us-east-1"), "one"), Clients(Connection(region="eu-west-1"), "two")
    rules = first.get("sts", None).meta.service_model._service_description
    assert second.get("sts", None).meta.service_model._service_description is rules
    assert service_models._model("sts") is rules


def test_models_of_ones_own_are_found_where_the_sdk_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Loader().load_service_model("sts", "service-2")
    for service, packed in (("plain", False), ("packed", True)):
        place = tmp_path / service / "2011-06-15"
        place.mkdir(parents=True)
        text = json.dumps(model | {"metadata": model["metadata"] | {"serviceId": service}}).encode()
        (place / f"service-2.json{'.gz' if packed else ''}").write_bytes(gzip.compress(text) if packed else text)
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    clients = Clients(Connection(region="us-east-1"), "one")
    loader = clients._session.get_component("data_loader")
    for service in ("plain", "packed"):
        ours = loader.load_service_model(service, "service-2")
        assert ours["metadata"]["serviceId"] == service
        assert ours == Session().get_service_model(service)._service_description


def test_what_is_nowhere_is_unknown_as_the_sdk_says_it() -> None:
    with pytest.raises(Exception, match="no-such-service") as ours:
        model_files().load_service_model("no-such-service", "service-2")
    with pytest.raises(type(ours.value)):
        Loader().load_service_model("no-such-service", "service-2")


@pytest.mark.parametrize("kind", ["service-2", "paginators-1", "waiters-2"])
def test_the_services_with_data_of_a_kind_are_those_that_the_sdk_lists(kind: str) -> None:
    known, theirs = model_files().list_available_services(kind), Loader().list_available_services(kind)
    assert (list(known), len(known)) == (theirs, len(theirs))
    assert all(name in known for name in theirs)
    assert not [name for name in ("no-such-service", "", "..", "ec2/2016-11-15") if name in known]


def test_the_sdk_lists_its_services_as_ever() -> None:
    session = Clients(Connection(region="us-east-1"), "one")._session
    assert list(session.get_available_services()) == sorted(Loader().list_available_services("service-2"))
