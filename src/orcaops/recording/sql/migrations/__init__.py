"""Migrations: how a database of an older release becomes one of this release.

One file per version in ``versions``, numbered; ``schema.LATEST`` is the number of the last. A database
without tables is made from ``tables.py`` at once and never comes here.
"""
