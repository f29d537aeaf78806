"""The facts of block-ip and topology, one a file: each yields reads and returns a value; none calls AWS.

What they think with stands in the room itself; nothing imports a fact but commands, tests and the catalog.
"""
