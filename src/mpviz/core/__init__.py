"""What a run is: plan, record, outcome, columns, errors. Standard library only."""
