"""The embedded AWS itself: moto's server on loopback, with AWS's rules around it."""

import json
import os
import re
import threading
import time
import traceback
from http import HTTPStatus
from typing import Any

from opsctl.sandbox.conditions import Durations, conditions, forget_everything
from opsctl.sandbox.direct import call_directly
from opsctl.sandbox.dlm import LifecycleManager
from opsctl.sandbox.lambda_jobs import tick
from opsctl.sandbox.lambda_local import FUNCTION_AGENT, serve_functions_with
from opsctl.sandbox.turns import turn

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "123456789012"
SCOPE = re.compile(r"Credential=[^/]+/\d+/([a-z0-9-]+)/([a-z0-9]+)/aws4_request")
TICK_S = 0.5
SEEDING, SEEDED = "/opsctl-sandbox/seeding", "/opsctl-sandbox/seeded"
FAKE_KEYS = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}


class EmbeddedServer:
    """moto's server in a thread of this process; bound to loopback and nothing else."""

    def __init__(self, port: int = 0) -> None:
        """Bind; port 0 takes a free one. Raises OSError when the port is taken."""
        os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        from opsctl.sandbox.rules import install_rules

        class Quiet(WSGIRequestHandler):  # type: ignore[misc] # moto's parts are Any here
            protocol_version = "HTTP/1.1"

            def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own name
                """Say nothing: requests are not the user's business."""

        install_rules()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self.last_call = time.monotonic()
        self._server = make_server(HOST, port, self._answer, threaded=True, request_handler=Quiet)
        serve_functions_with(self.client)
        self._dlm = LifecycleManager()
        self._pace = Durations()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """The URL to call."""
        return f"http://{HOST}:{self._server.server_port}"

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if FUNCTION_AGENT not in environ.get("HTTP_USER_AGENT", ""):
            self.last_call = time.monotonic()
        if path == "/moto-api/reset":
            forget_everything()
            self._dlm = LifecycleManager()
        if path in (SEEDING, SEEDED):
            self.set_pace(None if path == SEEDING else self._pace)
        if path.startswith("/opsctl-sandbox"):
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [str(os.getpid()).encode()]
        scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        with turn():
            if scope and scope[2] == "dlm":
                return self._answer_dlm(environ, start_response, region=scope[1])
            return self._moto(environ, start_response)

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
        """An SDK client of this server, with made-up credentials, for this process."""
        made = sandbox_client(self.endpoint, service, region, agent)
        self.serve(made.meta.events)
        return made

    def serve(self, events: Any) -> None:
        """Answer the calls of SDK clients of this process at once, without a connection."""
        call_directly(events, self.endpoint, self._answer)


def sandbox_client(endpoint: str, service: str, region: str = REGION, agent: str = "") -> Any:
    """An SDK client that talks to a loopback endpoint with made-up credentials, whatever the environment says."""
    import boto3
    from botocore.config import Config

    session = boto3.Session(**FAKE_KEYS, region_name=region)
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=16, user_agent_extra=agent or None)
    return session.client(service, endpoint_url=endpoint, config=config)
