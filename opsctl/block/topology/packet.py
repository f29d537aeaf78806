"""A packet as the evaluators see it."""

from opsctl.model.value import Value

TCP = 6
UDP = 17
ANY = -1


class Packet(Value):
    """One packet towards the workload: source address, IP protocol number (-1: any other), port."""

    source: str
    protocol: int = TCP
    port: int = 0


class Service(Value):
    """What a client may want to reach: a protocol number and a port."""

    protocol: int = TCP
    port: int
