"""Changes between two runs of one job, in words."""

from orcaops.model.run import Context
from orcaops.services.explaining.differences import changes_between

from .conftest import run_of


def test_changes_name_what_differs_and_nothing_else() -> None:
    before = run_of("before", image_digest="sha256:a", context=Context(commit="c1", env_names=("A",)))
    after = run_of(image_digest="sha256:b", context=Context(commit="c2", env_names=("A", "B")))
    changes = changes_between(before, after)
    assert [(one.what, one.before, one.after) for one in changes] == [
        ("commit", "c1", "c2"),
        ("image digest", "sha256:a", "sha256:b"),
        ("environment names", "A", "A, B"),
    ]
