"""Events on their way."""
