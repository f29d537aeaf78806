"""Named facts about single resources, one a file: each yields reads and returns a value.

None calls AWS, and none makes sense for one capability only.
"""
