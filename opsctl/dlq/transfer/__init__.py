"""Moving messages between queues and to their consumers without losing one.

Everything that sends or deletes a message is here, behind ports. Where one belongs, and which are meant, is not
decided here.
"""
