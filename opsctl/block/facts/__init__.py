"""The facts of block-ip and topology: each yields reads and returns a value; none calls AWS."""
