"""Judging an instance before it is made highly available: pure, on answers that somebody else has read."""
