"""AWS's rules where moto lacks them, one service or subject a module, each with its source.

No rule is here so that an action of opsctl works: only because AWS has it.
"""
