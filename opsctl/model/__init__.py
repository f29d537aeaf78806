"""The vocabulary of opsctl: frozen values, errors and ports, known to every other layer."""
