"""AWS Network Firewall on the way in: seen by the routes that lead through its endpoints, read, and judged.

Sources: developer guide of Network Firewall (evaluation order, stateless before stateful, flow operations: flows
go on by the rules that were in place when they began) and the API model of network-firewall. What only recognises
an endpoint of somebody else's stays a gate that says so; nothing in here changes a route or a policy.
"""
