"""AWS's rules where moto lacks them, one service or subject a module, each with its source."""
