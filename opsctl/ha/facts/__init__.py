"""The facts of make-ha, its status and its drill, one a file: each yields reads and returns a value.

None calls AWS; what they think with stands in the room itself.
"""
