"""What makes a run: plan -> record, in processes of its own."""
