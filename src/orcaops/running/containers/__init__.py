"""A container from its request to its removal: one for a job, one that stands ready, one that stays.

The ``fleet`` is what all of one installation have in common. A job in a container of its own is a run that is
``reattaching`` whenever its engine was away, and each try of that is an ``attempt``, or a ``warm_attempt``
in what the ``warm_pool`` held ready; in a container that stays (``sandbox``) it is a ``sandbox_attempt``.
What the dead have left is known by ``leftovers`` where a job may go on with it, and goes by ``reaping``.
"""
