"""The vocabulary of playbooks that people write themselves: tags, roles, queues, topics, groups, and their reads.

Beside the actions and facts stand the reads and calls of each AWS service that more than one room uses. What only
makes sense for one capability does not belong here: this room knows none of them.
"""
