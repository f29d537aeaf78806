"""What the actions that block addresses share: how a WAF block is put together, and how much it can hurt."""
