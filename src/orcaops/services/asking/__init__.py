"""Asking: plain English becomes an inquiry, and an inquiry becomes an answer."""
