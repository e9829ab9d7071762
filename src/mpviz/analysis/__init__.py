"""What reads a record: frames, the trace, metrics, words. No process, no clock, no widget."""
