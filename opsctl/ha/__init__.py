"""Letting an instance recover by itself: what it is, what speaks against it, how it fares, and the way back.

`checks` judges before, `recovery` is the handler that is deployed, `drill` measures a recovery, `undo` takes it
all back. Nothing here is about blocking or about dead letters.
"""
