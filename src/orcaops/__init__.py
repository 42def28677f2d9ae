"""OrcaOps runs commands in containers, remembers every run, and learns from them."""

__version__ = "0.1.0"
