"""The ways in from the internet as a graph, and what happens to a packet along them; knows no service."""
