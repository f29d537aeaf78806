"""The SDK's debug log without what calls carry: message bodies and credentials are nobody's business."""

import logging

# These write requests, answers and signatures whole.
_CARRIERS = (
    "botocore.endpoint",
    "botocore.parsers",
    "botocore.auth",
    "botocore.httpsession",
    "botocore.awsrequest",
)
_REQUEST = "Making request for %s with params: %s"


class WithoutContent(logging.Filter):
    """Lets through that a call was made, and not what was in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Drop records that carry content; of a request only its operation is kept."""
        if not record.name.startswith(_CARRIERS):
            return True
        if record.msg == _REQUEST and isinstance(record.args, tuple):
            record.msg, record.args = "Making request for %s", record.args[:1]
            return True
        return False


def log_calls() -> None:
    """Write a debug log to stderr."""
    handler = logging.StreamHandler()
    handler.addFilter(WithoutContent())
    logging.basicConfig(level=logging.DEBUG, handlers=[handler])
