"""What speaks against putting an instance under recovery, one subject a module.

Pure, on what was read: a check neither reads nor changes anything, and says nothing of instances under recovery.
"""
