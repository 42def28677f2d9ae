"""A container from its request to its removal: one for a job, one that stands ready, one that stays."""
