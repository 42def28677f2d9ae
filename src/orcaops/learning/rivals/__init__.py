"""The naive rules that every learner is measured against, one file each.

They are never used for anything else: a learner that does not beat them has no place.
"""
