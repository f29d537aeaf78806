"""Incident response for AWS: detect, plan, apply, prove and undo."""

__version__ = "0.1.0"

DISTRIBUTION = "opsctl-aws"
"""What is installed: `opsctl` on PyPI is somebody else's."""
