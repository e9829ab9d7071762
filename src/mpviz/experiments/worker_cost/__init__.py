"""What it costs to start a thread and a process."""
