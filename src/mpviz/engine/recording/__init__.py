"""Recording: the trace table, the timed task and the recording context. Standard library only."""
