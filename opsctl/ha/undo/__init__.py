"""What an undo has to settle first, because the account has acted by itself since.

Only reads, checks and calls for the changes that a plan names from the beginning; an undo itself is `execution`'s.
"""
