"""Random worlds of dead letters, in which an oracle that knows where each letter belongs watches a redrive."""
