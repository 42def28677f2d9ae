"""How accepted jobs are brought to their end, and what becomes of them when their process dies."""
