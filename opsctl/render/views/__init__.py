"""What a capability shows in a way of its own, one a module; `ha_drill` shows the job `ha.drill`.

Plans, runs and reports of any kind stand beside this package, and know none of these.
"""
