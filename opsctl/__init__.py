"""Incident response for AWS: detect, plan, apply, prove and undo."""

__version__ = "0.1.0"
