"""What is known of failures: read from logs, learned from history, taught."""
