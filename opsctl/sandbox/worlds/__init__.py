"""The accounts that the sandbox begins with, made through AWS's own API."""
