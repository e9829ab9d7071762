"""Why a run took as long as it did: each cause with its proof, its cost and what would show it.

A cause is named only where the record of that very run establishes it, and what it cost is a sum
over the account of time. Pure: knows no process and no clock.
"""
