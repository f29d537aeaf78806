"""Moving messages between queues and to their consumers without losing one."""
