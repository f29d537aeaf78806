"""The edge to AWS: sessions, reads, writes, error translation and service models."""
