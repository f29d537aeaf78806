"""The embedded AWS itself: who calls, what may be done, time, and what AWS does by itself meanwhile.

Knows nothing of opsctl's plans and actions: what works here has to work for any client of AWS.
"""
