"""The facts of the dlq commands: each yields reads and returns a value; none calls AWS."""
