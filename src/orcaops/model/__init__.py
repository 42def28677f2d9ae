"""The words of OrcaOps: frozen values that are also the wire. One word, one file."""
