"""What is known of an address before it is blocked: whose it is, what blocks it, what it did.

`source` says what a source is; each stands in a module of its own and is found there by `registry`. A source is
asked about one address at a time, yields reads, and returns a report. It never calls empty what it did not see.
Nothing here decides anything: what a block does, and where, does not depend on evidence.
"""
