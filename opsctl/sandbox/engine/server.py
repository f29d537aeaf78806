"""The embedded AWS itself: moto's server on loopback, with AWS's rules around it."""

import json
import os
import threading
import time
import traceback
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from opsctl.sandbox.attack import Attack
from opsctl.sandbox.endpoint import ACCOUNT, ATTACK, CONTROL, FAULTS, HOST, REGION, RESET, STATUS
from opsctl.sandbox.engine.api_call_events import anybody_listens, tell_of
from opsctl.sandbox.engine.authorize import denial
from opsctl.sandbox.engine.callers import caller_of
from opsctl.sandbox.engine.calls import call_of
from opsctl.sandbox.engine.conditions import Durations, conditions, forget_everything
from opsctl.sandbox.engine.direct import call_directly
from opsctl.sandbox.engine.dlm import LifecycleManager
from opsctl.sandbox.engine.door import INVALID_KEY, Claim, claim_of, new_key, refuse, same
from opsctl.sandbox.engine.fault_switches import switch_faults
from opsctl.sandbox.engine.lambda_child import ChildRunner
from opsctl.sandbox.engine.lambda_jobs import tick
from opsctl.sandbox.engine.lambda_work import FUNCTION_AGENT, Runner, run_functions_with
from opsctl.sandbox.engine.rest_api_requests import ApiRequests
from opsctl.sandbox.engine.small_services import SmallServices
from opsctl.sandbox.engine.traffic_sending import attack
from opsctl.sandbox.engine.turns import turn
from opsctl.sandbox.faults import FaultsAsked
from opsctl.sandbox.rules.event_archives import WORLD_IS_OLD_S, begin_earlier
from opsctl.sandbox.rules.small import eventbridgev2
from opsctl.sandbox.worlds.seeding import seed_all

TICK_S = 0.5


class EmbeddedServer:
    """moto's server in a thread of this process; bound to loopback and nothing else."""

    def __init__(self, port: int = 0, key: str = "") -> None:
        """Bind; port 0 takes a free one. Who calls needs the key, a new one unless it is given.

        Raises OSError when the port is taken.
        """
        os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
        from moto.moto_server import werkzeug_app
        from moto.server import create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        from opsctl.sandbox.engine.handlers import Handlers
        from opsctl.sandbox.rules.install import install_rules

        class Quiet(WSGIRequestHandler):  # type: ignore[misc] # moto's parts are Any here
            protocol_version = "HTTP/1.1"

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own name
                """Say nothing: requests are not the user's business."""

            def version_string(self) -> str:
                """Say nothing of what it is made of."""
                return "sandbox"

        install_rules()
        # By default moto lets every web page read its answers.
        werkzeug_app.DISABLE_GLOBAL_CORS = True
        self.key = key or new_key()
        self._moto = Handlers(create_backend_app)
        self.last_call = time.monotonic()
        self._server = make_server(HOST, port, self._answer, threaded=True, request_handler=Quiet)
        run_functions_with(self.runner())
        self._dlm = LifecycleManager()
        self._small = SmallServices()
        self._requests = ApiRequests(self._events_as, self.key)
        self._pace = Durations()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def runner(self) -> Runner:
        """Who runs the functions."""
        return ChildRunner(self.endpoint)

    @property
    def endpoint(self) -> str:
        """The URL to call."""
        return f"http://{HOST}:{self._server.server_port}"

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        claim = claim_of(environ, self._server.server_port)
        if claim is None:
            return refuse(environ, start_response)
        if claim.service == "execute-api":
            return self._requests.answer(
                environ, start_response, claim, os.environ.get("MOTO_ACCOUNT_ID", ACCOUNT)
            )
        if not same(claim.key, self.key):
            with turn():
                refused = self._refused(environ, claim)
            if refused is not None:
                return refuse(environ, start_response, *refused)
        if FUNCTION_AGENT not in environ.get("HTTP_USER_AGENT", ""):
            self.last_call = time.monotonic()
        if claim.service == CONTROL:
            return self._control(environ, start_response, claim)
        # moto would take another account's number from whoever names it.
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        with turn():
            if claim.service == "dlm":
                return self._answer_dlm(environ, start_response, region=claim.region)
            account = os.environ.get("MOTO_ACCOUNT_ID", ACCOUNT)
            answered = self._small.answer(environ, start_response, claim, account)
            if answered is not None:
                return answered
            try:
                return self._of_moto(environ, start_response, claim, account)
            except NotImplementedError as lacking:
                # By AWS's common errors; moto's own answer is none that an SDK can read.
                return refuse(environ, start_response, "InvalidAction", f"the sandbox does not have it: {lacking}")

    def _of_moto(self, environ: dict[str, Any], start_response: Any, claim: Claim, account: str) -> Any:
        """Have moto answer; where somebody listens, EventBridge is told of what was done."""
        if not anybody_listens(account, claim.region):
            return self._moto(environ, start_response)
        told: list[str] = []
        call = call_of(environ, claim, account)

        def answered(status: str, headers: Any, *more: Any) -> Any:
            told.append(status)
            return start_response(status, headers, *more)

        answer = self._moto(environ, answered)
        if call is not None and told and told[0].startswith("2"):
            caller = caller_of(account, claim.key)
            tell_of(call, caller.arn if caller else f"arn:aws:iam::{account}:root")
        return answer

    def _refused(self, environ: dict[str, Any], claim: Claim) -> tuple[str, str] | None:
        """Why a caller that is not the owner of the sandbox gets no answer: a code and a message."""
        account = os.environ.get("MOTO_ACCOUNT_ID", ACCOUNT)
        caller = caller_of(account, claim.key)
        if caller is None:
            return INVALID_KEY
        if caller.is_expired:
            return "ExpiredToken", "The security token included in the request is expired"
        if caller.grants.is_everything:
            return None
        call = call_of(environ, claim, account)
        if call is None:
            return "AccessDenied", "The sandbox cannot tell what this request asks for."
        about = conditions(account)
        denied = denial(caller, call, about.now())
        if denied is None:
            return None
        about.denied.append(denied.message)
        return denied.code, denied.message

    def _control(self, environ: dict[str, Any], start_response: Any, claim: Claim) -> Any:
        """The sandbox's own controls; its own key alone may use them."""
        path = environ.get("PATH_INFO", "")
        if not same(claim.key, self.key) or path not in (STATUS, RESET, ATTACK, FAULTS):
            return refuse(environ, start_response)
        if path in (ATTACK, FAULTS):
            start_response("200 OK", [("Content-Type", "application/json")])
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            return [self._attack(body) if path == ATTACK else self._switch(body)]
        if path == RESET:
            self.reset()
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(os.getpid()).encode()]

    def _attack(self, body: bytes) -> bytes:
        """Send requests through the worlds, and say what became of them."""
        account = os.environ.get("MOTO_ACCOUNT_ID", ACCOUNT)
        asked = Attack.model_validate_json(body)
        return (
            attack(account, REGION, lru_cache(self.client), conditions(account), asked).model_dump_json().encode()
        )

    def _switch(self, body: bytes) -> bytes:
        """Have things go wrong, or right again, and say what goes wrong now."""
        about = conditions(os.environ.get("MOTO_ACCOUNT_ID", ACCOUNT))
        found = switch_faults(about, lru_cache(self.client), FaultsAsked.model_validate_json(body))
        return found.model_dump_json().encode()

    def reset(self) -> None:
        """Empty every account and make the worlds again; nothing takes any time meanwhile."""
        from moto.moto_api._internal.models import moto_api_backend

        self.set_pace(None)
        with turn():
            forget_everything()
            self._dlm = LifecycleManager()
            self._small = SmallServices()
            self._requests.buckets.clear()
            moto_api_backend.reset()
        seed_all(lru_cache(self.client))
        self._begin_earlier()
        self.set_pace(self._pace)

    def _begin_earlier(self) -> None:
        """Let archives and buses have a past."""
        begin_earlier(ACCOUNT)
        eventbridgev2.begin_earlier(self._small.kept.get((ACCOUNT, eventbridgev2.SERVICE), {}), WORLD_IS_OLD_S)

    def _answer_dlm(self, environ: dict[str, Any], start_response: Any, region: str) -> Any:
        """Answer what moto cannot; accounts are told apart as moto tells them."""
        account = os.environ.get("MOTO_ACCOUNT_ID", ACCOUNT)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        query = environ.get("QUERY_STRING", "")
        status, answer = self._dlm.answer(account, region, method, path, query, body)
        headers = [("Content-Type", "application/json")]
        if "Code" in answer:
            headers.append(("x-amzn-ErrorType", answer["Code"]))
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [json.dumps(answer).encode()]

    def start(self) -> None:
        """Serve in the background."""
        self._thread.start()

    def begin(self, pace: Durations) -> None:
        """Let things take time from now on, and everything happen that is due, by itself."""
        self._pace = pace
        self._begin_earlier()
        self.set_pace(pace)
        threading.Thread(target=self._tick, daemon=True).start()

    def set_pace(self, pace: Durations | None) -> None:
        """Let things take so long; no time at all for None."""
        conditions(ACCOUNT).durations = pace or Durations()

    def _tick(self) -> None:
        while not self._stopped.wait(TICK_S):
            try:
                tick(ACCOUNT)
            except Exception:  # noqa: BLE001 - the sandbox goes on; its log tells
                traceback.print_exc()

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def client(self, service: str, region: str = REGION, agent: str = "") -> Any:
        """An SDK client of this server, for this process."""
        made = sandbox_client(self.endpoint, self.key, service, region, agent)
        self.serve(made.meta.events)
        return made

    def _events_as(self, key: str) -> Any:
        """A client of EventBridge for somebody else's key."""
        made = sandbox_client(self.endpoint, key, "events")
        call_directly(made.meta.events, self.endpoint, self._answer)
        return made

    def serve(self, events: Any) -> None:
        """Answer the calls of SDK clients of this process at once, without a connection."""
        call_directly(events, self.endpoint, self._answer)


def credentials(key: str) -> dict[str, str]:
    """What the SDK signs with; nobody looks at signatures here, only at the key."""
    return {"aws_access_key_id": key, "aws_secret_access_key": "sandbox"}


_HOMES = {"globalaccelerator": "us-west-2"}
"""Services whose API is in one region alone."""


def sandbox_client(endpoint: str, key: str, service: str, region: str = REGION, agent: str = "") -> Any:
    """An SDK client that talks to a loopback endpoint with a sandbox's key, whatever the environment says."""
    import boto3
    from botocore.config import Config

    session = boto3.Session(**credentials(key), region_name=_HOMES.get(service, region))
    config = Config(
        retries={"total_max_attempts": 1},
        max_pool_connections=16,
        user_agent_extra=agent or None,
        proxies={},  # one would be told the key
    )
    return session.client(service, endpoint_url=endpoint, config=config)
