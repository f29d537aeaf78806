"""The recovery handler of a make-ha group, and what is deployed with it."""
