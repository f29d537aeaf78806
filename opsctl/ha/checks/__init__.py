"""What speaks against putting an instance under recovery, one subject a module: pure, on what was read."""
