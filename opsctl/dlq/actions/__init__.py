"""Typed steps on dead letters: each turns facts and parameters into changes and never calls AWS."""
