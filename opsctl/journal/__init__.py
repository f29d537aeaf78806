"""The edge to SQLite: what was intended and what came of it."""
