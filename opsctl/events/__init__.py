"""Events on their way: who hands them to whom, where they are lost, and what a concrete one would meet.

`node_kinds` read one resource each, `exploring` follows them, `edge_verdicts` says what each step does. Nothing
here is about what failed already and waits in a dead-letter queue: that is `opsctl/dlq`.
"""
