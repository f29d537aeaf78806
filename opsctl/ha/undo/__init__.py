"""What an undo has to settle first, because the account has acted by itself since."""
