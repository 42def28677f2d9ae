"""What OrcaOps costs and how well it learns, beside named rivals measured in the same minutes.

``python -m benchmarks`` (or ``make bench``) runs every module here that has ``rows(quick)``.
"""
