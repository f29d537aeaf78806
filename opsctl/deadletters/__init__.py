"""Dead letters: where they come from, why they failed, and where they belong; pure, calls nothing."""
