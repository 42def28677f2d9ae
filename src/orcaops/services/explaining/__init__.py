"""How one failure is explained from what is known."""
