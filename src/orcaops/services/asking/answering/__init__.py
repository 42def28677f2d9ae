"""Answering: one file for each family of inquiries."""
