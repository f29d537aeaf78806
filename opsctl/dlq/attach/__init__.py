"""Giving a source the dead-letter queue that it lacks: which, who may send to it, and how; pure."""
