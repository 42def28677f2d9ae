"""Numbers in, numbers out: the arithmetic that learners share, without words or state of its own."""
