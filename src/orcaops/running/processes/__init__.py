"""A local process and all it starts: its limits, what it used, and how none of it is left behind."""
