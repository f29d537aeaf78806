"""The journals of tests do not wait for the disk: what a killed process has written is there all the same.

Only a loss of power forgets it. Processes that a test starts wait as they always do.
"""

from opsctl.journal import database

OF_USERS = database.SYNCHRONOUS
database.SYNCHRONOUS = "OFF"
