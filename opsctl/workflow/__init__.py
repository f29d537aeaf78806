"""One use case a module; everything outside arrives as an argument."""
