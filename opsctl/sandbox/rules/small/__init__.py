"""Services that moto lacks, one a file: the few operations that are needed, as their API references have them.

A file has `SERVICE`, the SDK's name of it, and `OPERATIONS` by name; it is found by scanning. What an account has
is kept in what the operations are given, and nowhere else.
"""
