"""Typed steps on single resources: each turns facts and parameters into changes and never calls AWS."""
