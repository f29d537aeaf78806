"""Long work on caches, one a file: what is emptied in which order, with progress, checkpoint and resume.

Nothing here decides whether a cache may be emptied.
"""
