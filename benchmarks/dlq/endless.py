"""A dead-letter queue of so many messages that are made when asked for; in a process of its own."""

import hashlib
import json
import multiprocessing
import socketserver
from multiprocessing.sharedctypes import Synchronized
from typing import Any

NAMES = ("many-dlq", "many")
_IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:root</Arn><UserId>1</UserId>
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
_OLD_MS = "1700000000000"


class Counts:
    """How many messages went each way; shared with the process that serves."""

    def __init__(self) -> None:
        self.received: Synchronized[int] = multiprocessing.Value("q", 0)
        self.sent: Synchronized[int] = multiprocessing.Value("q", 0)
        self.deleted: Synchronized[int] = multiprocessing.Value("q", 0)


class EndlessServer:
    """Serves on loopback until stopped. Nothing is handed out twice: no visibility timeout ends here."""

    def __init__(self, messages: int) -> None:
        self._counts = Counts()
        ours, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.Process(target=_serve, args=(messages, self._counts, theirs), daemon=True)
        self._process.start()
        self.endpoint = f"http://127.0.0.1:{ours.recv()}"

    @property
    def received(self) -> int:
        """Messages handed out."""
        return self._counts.received.value

    @property
    def sent(self) -> int:
        """Messages taken."""
        return self._counts.sent.value

    @property
    def deleted(self) -> int:
        """Messages deleted."""
        return self._counts.deleted.value

    def stop(self) -> None:
        """End the process that serves."""
        self._process.terminate()
        self._process.join()

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


def _serve(messages: int, counts: Counts, told: Any) -> None:
    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while self._one():
                continue

        def _one(self) -> bool:
            target, length = b"", 0
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"x-amz-target":
                    target = value.strip()
                elif name.lower() == b"content-length":
                    length = int(value)
            if not line:
                return False
            body = self.rfile.read(length)
            status, answer = _answer(target.decode(), body, messages, counts)
            head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n\r\n"
            self.wfile.write(head.encode() + answer)
            return True

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing of connections that were cut."""

    with Server(("127.0.0.1", 0), Handler) as server:
        told.send(server.server_address[1])
        server.serve_forever()


def _answer(target: str, body: bytes, messages: int, counts: Counts) -> tuple[int, bytes]:
    if not target.startswith("AmazonSQS."):
        return (200, _IDENTITY) if b"GetCallerIdentity" in body else (404, b"<none/>")
    operation, params = target.partition(".")[2], json.loads(body)
    entries = params.get("Entries", [])
    if operation == "ReceiveMessage":
        found = _received(int(params["MaxNumberOfMessages"]), messages, counts)
        return 200, json.dumps({"Messages": found}).encode()
    if operation == "SendMessageBatch":
        _add(counts.sent, len(entries))
        return 200, json.dumps({"Successful": [_taken(entry) for entry in entries]}).encode()
    if operation in ("DeleteMessageBatch", "ChangeMessageVisibilityBatch"):
        if operation == "DeleteMessageBatch":
            _add(counts.deleted, len(entries))
        return 200, json.dumps({"Successful": [{"Id": entry["Id"]} for entry in entries]}).encode()
    if operation == "GetQueueUrl" and params["QueueName"] in NAMES:
        return 200, json.dumps({"QueueUrl": _url(params["QueueName"])}).encode()
    if operation == "GetQueueAttributes":
        return 200, json.dumps({"Attributes": _attributes(params["QueueUrl"], messages, counts)}).encode()
    if operation == "ListDeadLetterSourceQueues":
        return 200, json.dumps({"queueUrls": []}).encode()
    return 400, json.dumps({"__type": "com.amazonaws.sqs#UnsupportedOperation", "message": operation}).encode()


def _received(at_most: int, messages: int, counts: Counts) -> list[dict[str, Any]]:
    with counts.received.get_lock():
        first = counts.received.value
        last = counts.received.value = min(messages, first + at_most)
    return [_message(number) for number in range(first, last)]


def _message(number: int) -> dict[str, Any]:
    body = f'{{"n": {number}, "pad": "{"x" * 400}"}}'
    id_ = f"{number:08x}-0000-4000-8000-{number:012x}"
    return {
        "MessageId": id_,
        "ReceiptHandle": f"AQEB{number:0340x}",
        "Body": body,
        "MD5OfBody": _md5(body),
        "Attributes": {"SentTimestamp": _OLD_MS},
    }


def _taken(entry: dict[str, Any]) -> dict[str, Any]:
    digest = _md5(entry["MessageBody"])
    return {"Id": entry["Id"], "MessageId": f"{digest[:8]}-{digest[8:12]}-0", "MD5OfMessageBody": digest}


def _attributes(url: str, messages: int, counts: Counts) -> dict[str, str]:
    name = url.rpartition("/")[2]
    here = name == NAMES[0]
    waiting = messages - counts.received.value if here else 0
    hidden = counts.received.value - counts.deleted.value if here else 0
    return {
        "QueueArn": f"arn:aws:sqs:us-east-1:123456789012:{name}",
        "VisibilityTimeout": "30",
        "MessageRetentionPeriod": "1209600",
        "ApproximateNumberOfMessages": str(waiting),
        "ApproximateNumberOfMessagesNotVisible": str(hidden),
        "ApproximateNumberOfMessagesDelayed": "0",
    }


def _add(count: "Synchronized[int]", more: int) -> None:
    with count.get_lock():
        count.value += more


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _url(name: str) -> str:
    return f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}"
