"""The facts of make-ha, its status and its drill: each yields reads and returns a value; none calls AWS."""
