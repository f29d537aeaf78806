"""The layers at which a block can be enforced, one a file: what each says of a way in, and where it then acts.

A layer is a module with `judge(way, asked, home) -> list[NodeVerdict]`, each chosen or rejected with a reason that
a responder understands, and `points(verdict) -> list[Point]`, the objects that a chosen one needs. It reads what
the graph holds and makes no calls; `judging` alone knows all layers and their order.
"""
