"""The SQS in memory behind HTTP, for whole commands; no other service but the caller's identity answers."""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opsctl.model.errors import AwsRefused, OutcomeUnknown
from tests.kit.memory_sqs import MemorySqs, WallClock

_IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:root</Arn><UserId>1</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


class SqsServer:
    """A server on loopback; `sqs` is what it serves, `clock` may be pushed forward.

    An answer that the faults lose is the status `lost_as` instead, or a closed connection.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.lost_as = 0
        server = self
        self.clock = WallClock()
        self.sqs = MemorySqs(self.clock)
        self.clock.ahead_s = -10
        sqs = self.sqs

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                target = self.headers.get("X-Amz-Target", "")
                if not target.startswith("AmazonSQS."):
                    if b"GetCallerIdentity" in body:
                        self._reply(200, _IDENTITY.encode(), "text/xml")
                    else:
                        self._reply(404, b"<none/>", "text/xml")
                    return
                operation = target.partition(".")[2]
                if not hasattr(sqs, f"_{operation}"):
                    self._json(400, {"__type": "com.amazonaws.sqs#UnsupportedOperation", "message": operation})
                    return
                try:
                    self._json(200, sqs.call(operation, json.loads(body)))
                except AwsRefused as refused:
                    code = refused.refusal.code
                    self._json(400, {"__type": f"com.amazonaws.sqs#{code}", "message": code})
                except OutcomeUnknown:
                    if server.lost_as:
                        self._reply(server.lost_as, b"", "text/html")
                    else:
                        self.close_connection = True

            def do_GET(self) -> None:
                self._reply(404, b"{}", "application/json")

            def _json(self, status: int, value: Any) -> None:
                self._reply(status, json.dumps(value).encode(), "application/x-amz-json-1.0")

            def _reply(self, status: int, body: bytes, kind: str) -> None:
                self.send_response_only(status)
                self.send_header("Date", self.date_time_string(int(sqs.clock.now())))
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            # Dozens of threads connect at once: whom the kernel has no room for tries again after a second.
            request_queue_size = 128

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing of clients that were killed."""

        self._server = Server(("127.0.0.1", 0), Handler)
        scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.endpoint = f"{scheme}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def environment(self, state: str) -> dict[str, str]:
        """What a command needs to work on this server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "OPSCTL_STATE_DIR": state,
        }
