"""Tests of the network of instances."""
