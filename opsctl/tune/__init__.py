"""The network of EC2 instances: what each has, what its type could have, and what limits it now.

`selection` names a fleet, `fleet` and `instance_types` are what was read of it, `findings` says what is below its
best, `limits` what bounds the traffic of one instance. Pure: nothing here calls AWS, and nothing here is about
blocking, dead letters or recovery.
"""
