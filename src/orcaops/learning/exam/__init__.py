"""The exam: every learner over a history in honest order, beside the naive rules on the same runs."""

from orcaops.learning.exam.examination import examine

__all__ = ["examine"]
