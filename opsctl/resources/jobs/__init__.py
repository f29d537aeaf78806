"""Long work that any room may plan, one a file: what to do, with progress, checkpoint and resume.

What makes sense for one capability only stands in that one's room.
"""
