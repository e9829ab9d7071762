"""What the experiments run in a host, as the lesson would write it. Standard library only."""
