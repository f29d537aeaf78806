"""Typed steps that block: each turns facts and parameters into changes and never calls AWS."""
