"""Stage 3: opinions learned from samples: what is normal, what is unusual, what comes next."""
