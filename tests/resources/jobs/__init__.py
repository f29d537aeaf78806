"""Tests of the long work that any room may plan."""
