"""Dead letters: what a message says, where it came from, where it belongs, and the queue that a source lacks.

`audit` looks at a whole region, `attach` gives a source what it lacks, `transfer` sends messages without losing
one. Nothing here is about blocking or recovery.
"""
