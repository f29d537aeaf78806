"""Long work on events, one a file: what is waited for and told meanwhile.

Nothing here decides what is replayed.
"""
