"""The edge to SQLite: what was intended and what came of it.

Alone with the database and the checkpoint files. No answer of AWS, no message body and no secret is kept here.
"""
