"""How changes of limits are proposed, tried on some runs, and taken back."""
