"""Named facts: each yields reads and returns a value; none calls AWS."""
