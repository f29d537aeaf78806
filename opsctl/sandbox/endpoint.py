"""Where a sandbox answers, and how its own controls are asked for. Light: every `opsctl --sandbox` loads it."""

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "123456789012"
CONTROL = "opsctl-sandbox"
"""The service name, in a request's credential scope, of the sandbox's own controls."""
STATUS, RESET, SESSION = f"/{CONTROL}", f"/{CONTROL}/reset", f"/{CONTROL}/session"
ATTACK, FAULTS = f"/{CONTROL}/attack", f"/{CONTROL}/faults"


def control_headers(key: str) -> dict[str, str]:
    """The headers that ask for a control, with the sandbox's own key."""
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/{REGION}/{CONTROL}/aws4_request"}
