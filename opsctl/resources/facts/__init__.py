"""Named facts about single resources: each yields reads and returns a value; none calls AWS."""
