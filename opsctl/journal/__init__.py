"""The edge to SQLite: what was intended, what came of it, and what was found of the whole and when.

Alone with the database and the checkpoint files. No answer of AWS, no message body and no secret is kept here.
"""
