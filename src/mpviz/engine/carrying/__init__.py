"""How the caller's function and inputs reach the clean process that runs them.

`pack` is the caller's side, `unpack` the side of host and workers, `state` what modules hold.
"""
