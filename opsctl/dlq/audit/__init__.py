"""Every dead-letter queue of a region: what waits in it, and what is wrong with it or lacks one; pure."""
