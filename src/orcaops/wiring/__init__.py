"""What the configuration chooses among implementations, for `app.py` to plug together."""
