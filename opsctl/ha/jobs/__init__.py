"""The long work of make-ha: watching a drill."""
