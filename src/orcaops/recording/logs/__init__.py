"""The output of runs: what keeps it, its files, and how they are written and read at the same time."""
