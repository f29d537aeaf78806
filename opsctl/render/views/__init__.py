"""What a capability shows in a way of its own; plans, runs and reports of any kind stand beside this package."""
