"""The same work in threads and in processes: how many CPUs compute."""
