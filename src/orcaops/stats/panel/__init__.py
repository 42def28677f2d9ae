"""A panel of experts for the next value of a series, the naive rules it races against, and how sure it is."""
