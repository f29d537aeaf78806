"""Runs the Python code of a function in this process, as Lambda would: its own environment, clients and clock.

The code sees `boto3` clients that lead to the sandbox only, `os.environ` with the function's own
variables, and a `time` and a `datetime` that follow the account's clock, so that its waiting takes no real time
where the clock is moved by hand. Every invocation begins with fresh modules.
"""

import builtins
import datetime as real_datetime
import io
import json
import os
import threading
import time
import traceback
import types
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from botocore.credentials import ReadOnlyCredentials

from opsctl.model.value import Json
from opsctl.sandbox.engine.clock import HandClock
from opsctl.sandbox.engine.conditions import Conditions
from opsctl.sandbox.engine.lambda_work import FUNCTION_AGENT, InvocationOutcome, Work
from opsctl.sandbox.engine.turns import aside


class Killed(BaseException):
    """The execution environment is gone in the middle of whatever the function was doing."""


class TimedOut(Killed):
    """The function ran longer than its timeout."""


@dataclass
class _Running:
    about: Conditions
    ends: float
    logs: list[str]
    told: Callable[[str], object]
    keys: ReadOnlyCredentials

    def check(self) -> None:
        if self.about.now() >= self.ends:
            raise TimedOut("Task timed out")


_CURRENT = threading.local()


class LocalRunner:
    """Runs functions in this process; its clients are made of a service, a region and an agent, once."""

    def __init__(self, make: Callable[[str, str, str], Any]) -> None:
        self._make = make
        self._client = lru_cache(maxsize=32)(self._new_client)

    def _new_client(self, service: str, region: str) -> Any:
        """A client that calls as the role of whichever function runs, and tells of each call."""
        made = self._make(service, region, f"exec-env/{FUNCTION_AGENT}3.12")
        made._request_signer._credentials = _RoleOfTheRunning()
        made.meta.events.register("provide-client-params", _before)
        made.meta.events.register("after-call", _after)
        return made

    def __call__(self, work: Work, about: Conditions, told: Callable[[str], object]) -> InvocationOutcome:
        """Run a handler over a payload; an exception is an answer, as for Lambda."""
        keys = (work.env[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
        running = _Running(about, about.now() + work.timeout_s, [], told, ReadOnlyCredentials(*keys, None))
        return _run(work, running, self._client)


def _run(work: Work, running: _Running, client: Callable[[str, str], Any]) -> InvocationOutcome:
    outcome = InvocationOutcome(logs=running.logs)
    caller = getattr(_CURRENT, "running", None)
    _CURRENT.running = running
    try:
        module, _, name = work.handler.rpartition(".")
        with aside():
            function = getattr(_Loader(work, running, client).load(module.replace("/", ".")), name)
            answer = function(json.loads(work.payload or "{}"), _Context(running, work))
        outcome.value = json.loads(json.dumps(answer))
    except (Exception, Killed) as raised:  # noqa: BLE001 - whatever the function raises is its answer
        outcome.error = {
            "errorMessage": str(raised),
            "errorType": "Sandbox.Timedout" if isinstance(raised, TimedOut) else type(raised).__name__,
            "stackTrace": traceback.format_exception(raised)[-3:],
        }
    finally:
        _CURRENT.running = caller
    return outcome


class _Context:
    """What Lambda hands to a handler beside the event."""

    def __init__(self, running: _Running, work: Work) -> None:
        self._running = running
        self.aws_request_id = work.request
        self.function_name = work.name
        self.invoked_function_arn = work.arn
        self.memory_limit_in_mb = "128"
        self.log_group_name = f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """How long the invocation may still run."""
        return max(int((self._running.ends - self._running.about.now()) * 1000), 0)


class _Loader:
    """Loads the modules of a zip, with the sandbox in place of the machine."""

    def __init__(self, work: Work, running: _Running, client: Callable[[str, str], Any]) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(work.code))
        self._loaded: dict[str, types.ModuleType] = {}
        self._stands_in = {
            "boto3": _boto3(work.env["AWS_REGION"], client),
            "os": _os(work.env),
            "time": _time(running),
            "datetime": _datetime(running.about),
        }
        self._builtins = vars(builtins) | {"__import__": self._import, "print": self._print}
        self._running = running

    def load(self, name: str) -> types.ModuleType:
        """Load a module of the zip once."""
        if name not in self._loaded:
            path = f"{name.replace('.', '/')}.py"
            module = self._loaded[name] = types.ModuleType(name)
            module.__dict__["__builtins__"] = self._builtins
            module.__dict__["__file__"] = f"/var/task/{path}"
            exec(_compiled(self._archive.read(path), path), module.__dict__)  # noqa: S102 - it is what Lambda does
        return self._loaded[name]

    def _import(self, name: str, *rest: Any) -> Any:
        top = name.partition(".")[0]
        named = rest[2] if len(rest) > 2 else ()
        if top in self._stands_in and (top == name or not named):
            return self._stands_in[top]
        if f"{name.replace('.', '/')}.py" in self._archive.namelist():
            return self.load(name)
        return builtins.__import__(name, *rest)

    def _print(self, *values: object, sep: str = " ", **_: object) -> None:
        line = sep.join(str(value) for value in values)
        self._running.logs.append(line)
        self._running.told(line)


@lru_cache(maxsize=32)
def _compiled(source: bytes, path: str) -> types.CodeType:
    """The modules of an invocation are fresh; their code is the same each time."""
    return compile(source, f"/var/task/{path}", "exec")


def _boto3(region: str, made: Callable[[str, str], Any]) -> types.ModuleType:
    module = types.ModuleType("boto3")

    def client(service: str, region_name: str | None = None, **_: Any) -> Any:
        return made(service, region_name or region)

    class Session:
        """A session of the sandbox."""

        region_name = region

        def __init__(self, **_: Any) -> None:
            self.client = client

    module.__dict__.update(client=client, Session=Session, session=types.SimpleNamespace(Session=Session))
    return module


class _RoleOfTheRunning:
    """The credentials of whichever function is running in this thread."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """As the SDK asks for them when it signs."""
        running: _Running = _CURRENT.running
        return running.keys


def _before(params: dict[str, Json], model: Any, context: dict[str, Any], **_: Any) -> None:
    running: _Running = _CURRENT.running
    running.check()
    api = f"{model.service_model.service_name}.{model.name}"
    context["opsctl"] = (api, params)
    running.about.function_calls.append((api, params))
    hook = running.about.faults.before_call
    if hook:
        hook(api, params)


def _after(context: dict[str, Any], **_: Any) -> None:
    running: _Running = _CURRENT.running
    hook = running.about.faults.after_call
    if hook:
        hook(*context["opsctl"])


def _os(env: dict[str, str]) -> types.ModuleType:
    module = types.ModuleType("os")
    module.__dict__.update(vars(os) | {"environ": dict(env), "getenv": dict(env).get})
    return module


def _time(running: _Running) -> types.ModuleType:
    about = running.about

    def sleep(seconds: float) -> None:
        clock = about.timeline.clock
        if not isinstance(clock, HandClock):
            time.sleep(seconds)
        else:
            pass_time(about, min(clock.now() + seconds, running.ends))
        running.check()

    module = types.ModuleType("time")
    module.__dict__.update(vars(time) | {"time": about.now, "monotonic": about.now, "sleep": sleep})
    return module


def pass_time(about: Conditions, until: float) -> None:
    """Move a clock that is moved by hand on, and let what is due on the way happen at its moment."""
    clock, timeline = about.timeline.clock, about.timeline
    if not isinstance(clock, HandClock):
        raise TypeError("the clock of this account is not moved by hand")
    while (due := timeline.next_due()) is not None and due <= until:
        clock.move_to(due)
        timeline.catch_up()
    clock.move_to(until)


class _AnyDatetime(type):
    """Every datetime is an instance of the one that stands in."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, real_datetime.datetime)


def _datetime(about: Conditions) -> types.ModuleType:
    class Datetime(real_datetime.datetime, metaclass=_AnyDatetime):
        """A datetime whose now is the account's."""

        @classmethod
        def now(cls, tz: real_datetime.tzinfo | None = None) -> "Datetime":
            return cls.fromtimestamp(about.now(), tz)

        @classmethod
        def utcnow(cls) -> "Datetime":
            return cls.fromtimestamp(about.now(), real_datetime.UTC).replace(tzinfo=None)

    module = types.ModuleType("datetime")
    module.__dict__.update(vars(real_datetime) | {"datetime": Datetime})
    return module
