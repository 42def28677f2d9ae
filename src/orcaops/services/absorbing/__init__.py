"""What follows absorbing, or decides what it may say: each a step that `app.py` hangs behind it."""
