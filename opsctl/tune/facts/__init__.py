"""What playbooks may ask about the network of instances: one fact a file, called as its file is.

Nothing here calls AWS: a fact yields reads and is sent the answers.
"""
