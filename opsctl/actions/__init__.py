"""Typed steps: each turns facts and parameters into changes and never calls AWS."""
