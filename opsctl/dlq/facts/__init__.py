"""The facts of the dlq commands, one a file: each yields reads and returns a value; none calls AWS.

What they think with stands in the room itself; no message is received here, which would hide it from its consumer.
"""
