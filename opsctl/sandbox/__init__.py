"""An embedded AWS to try and rehearse everything in.

`client` starts, finds and resets it, and is light; `engine` is what answers, `rules` makes it as strict as AWS,
and `worlds` are the accounts that it begins with. It imitates AWS, so nothing here knows a plan or a capability.
"""
