"""Functions run in processes of their own: what they see, what they may not have, and how they end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsctl.sandbox.engine.callers import open_session
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.lambda_child import ChildRunner
from opsctl.sandbox.engine.lambda_work import InvocationOutcome, Work
from tests.kit.functions import role, zipped
from tests.kit.moto_account import KEY, World, fresh_world, server

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with fresh_world() as made:
        yield made


def invoke(world: World, body: str, told: list[str] | None = None, **more: Any) -> InvocationOutcome:
    code = "def lambda_handler(event, context):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    env = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "f"}
    given: dict[str, Any] = {
        "code": zipped(code),
        "handler": "handler.lambda_handler",
        "payload": "{}",
        "timeout_s": 30.0,
    } | more
    work = Work(**given | {"env": env | more.get("env", {}), "arn": ARN})
    lines = [] if told is None else told
    return ChildRunner(server().endpoint)(work, conditions(world.account), lines.append)


SEES = """
import os, pathlib
home = pathlib.Path(os.environ["HOME"])
return {
    "pid": os.getpid(), "home": [str(one) for one in home.iterdir()], "where": os.getcwd(),
    "files": sorted(os.listdir(".")), "env": sorted(os.environ), "event": event,
    "left": context.get_remaining_time_in_millis(), "arn": context.invoked_function_arn,
    "who": os.environ["WHO"], "input": os.read(0, 10).decode(), "fds": len(os.listdir("/proc/self/fd")),
}
"""


def test_it_sees_its_own_code_and_variables_and_nothing_of_the_user(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("A_SECRET", "of the user")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    saw = invoke(world, SEES, payload='{"a": 1}', env={"WHO": "me"}).value
    assert saw["pid"] != os.getpid()
    assert (saw["home"], saw["files"], saw["input"]) == ([], ["handler.py"], "")
    assert not {"AWS_PROFILE", "A_SECRET", "PYTHONPATH"} & set(saw["env"])
    assert (saw["who"], saw["event"], saw["arn"]) == ("me", {"a": 1}, ARN)
    assert 20_000 < saw["left"] <= 30_000
    assert saw["where"] != str(Path.cwd())
    assert not Path(saw["where"]).exists()
    assert saw["fds"] < 10


def test_it_calls_the_sandbox_as_its_role_and_prints_into_its_log(world: World) -> None:
    session = open_session(world.account, role("calls"), "f")
    keys = {"AWS_ACCESS_KEY_ID": session.access_key_id, "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "y"}
    told: list[str] = []
    body = "import boto3\nprint('hello')\nreturn boto3.client('sts').get_caller_identity()['Arn']"
    outcome = invoke(world, body, told, env=keys)
    assert outcome.error is None, outcome.logs
    assert outcome.value.endswith("assumed-role/calls/f")
    assert outcome.value.split(":")[4] == world.account
    assert outcome.logs == told == ["hello"]


def test_without_its_roles_credentials_it_is_nobody(world: World) -> None:
    body = "import boto3\nreturn boto3.client('sts').get_caller_identity()"
    outcome = invoke(world, body)
    assert outcome.error is not None
    assert outcome.error["errorType"] == "NoCredentialsError"
    assert KEY not in json.dumps(outcome.error) + "".join(outcome.logs)


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ("raise ValueError('no luck')", "ValueError", "no luck"),
        ("import os\nos._exit(3)", "Runtime.ExitError", "exit status 3"),
        ("import os\nos.abort()", "Runtime.ExitError", "SIGABRT"),
        ("x = bytearray(3 << 30)", "MemoryError", ""),
        ("open('/dev/null').close()\nreturn object()", "TypeError", "not JSON serializable"),
        ("import sys\nsys.exit(2)", "SystemExit", "2"),
        ("return 'x' * (7 << 20)", "Function.ResponseSizeTooLarge", "6 MB"),
        ("import os\nopen(os.environ['HOME'] + '/big', 'wb').truncate(1 << 40)", "OSError", "too large"),
    ],
)
def test_however_it_ends_the_sandbox_goes_on(world: World, body: str, kind: str, says: str) -> None:
    outcome = invoke(world, body)
    assert outcome.error is not None
    assert outcome.error["errorType"] == kind, outcome
    assert says in str(outcome.error["errorMessage"])


def test_code_that_cannot_be_loaded_is_told_in_lambdas_words(world: World) -> None:
    missing = invoke(world, "pass", code=zipped("import nowhere_to_be_found\n"))
    other = invoke(world, "pass", handler="handler.other")
    assert [one.error and one.error["errorType"] for one in (missing, other)] == [
        "Runtime.ImportModuleError",
        "Runtime.HandlerNotFound",
    ]
    assert missing.error is not None
    assert missing.error["errorMessage"] == (
        "Unable to import module 'handler': No module named 'nowhere_to_be_found'"
    )


def test_an_exception_shows_the_functions_own_frames_where_lambda_has_them(world: World) -> None:
    told: list[str] = []
    outcome = invoke(world, "print('begun')\nraise ValueError('no luck')", told)
    assert outcome.error is not None
    assert outcome.error["stackTrace"] == [
        "  File \"/var/task/handler.py\", line 3, in lambda_handler\n    raise ValueError('no luck')\n"
    ]
    assert told == ["begun"]


def test_its_memory_is_that_of_its_own_process(world: World) -> None:
    small, large = invoke(world, "pass"), invoke(world, "return len(bytearray(150 << 20))")
    assert 0 < small.used_mb < 100
    assert large.used_mb - small.used_mb >= 149


def test_what_takes_too_long_is_ended_with_all_that_it_started(world: World) -> None:
    told: list[str] = []
    body = "import subprocess, time\nprint(subprocess.Popen(['sleep', '60']).pid, flush=True)\ntime.sleep(60)"
    began = time.monotonic()
    outcome = invoke(world, body, told, timeout_s=1.0)
    assert outcome.error is not None
    assert outcome.error["errorType"] == "Sandbox.Timedout"
    assert time.monotonic() - began < 30
    assert not _is_running(int(outcome.logs[0]))


def test_what_computes_without_end_is_ended_too(world: World) -> None:
    outcome = invoke(world, "while True: pass", timeout_s=1.0)
    assert outcome.error is not None
    assert outcome.error["errorType"] == "Sandbox.Timedout"


def test_a_zip_leads_nowhere_else_and_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsctl.sandbox.engine.lambda_child.UNZIPPED_BYTES", 10)
    big, broken = invoke(world, "pass"), invoke(world, "pass", code=b"no zip")
    assert big.error is not None
    assert "larger" in str(big.error["errorMessage"])
    assert broken.error is not None
    assert "cannot be unzipped" in str(broken.error["errorMessage"])


STARTS = """
import sys
from opsctl.sandbox.engine.conditions import conditions
from opsctl.sandbox.engine.lambda_child import ChildRunner
from opsctl.sandbox.engine.lambda_work import Work
from tests.kit.functions import zipped
code = "import os, time\\ndef lambda_handler(event, context):\\n    print(os.getpid())\\n    time.sleep(60)\\n"
work = Work(code=zipped(code), handler="handler.lambda_handler", env={"AWS_LAMBDA_FUNCTION_NAME": "f"}, arn="",
            payload="{}", timeout_s=60)
ChildRunner("http://127.0.0.1:1")(work, conditions("1"), lambda line: print(line, flush=True))
"""


def test_it_ends_with_a_sandbox_that_is_killed() -> None:
    root = Path(__file__).parents[2]
    sandbox = subprocess.Popen([sys.executable, "-c", STARTS], stdout=subprocess.PIPE, text=True, cwd=root)
    with sandbox:
        assert sandbox.stdout is not None
        function = int(sandbox.stdout.readline())
        sandbox.kill()
    deadline = time.monotonic() + 20
    while _is_running(function) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(function)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")
