"""Words as they are read from where they are stored."""

from orcaops.model.abstention import Abstention


def test_what_is_kept_beside_a_document_holds() -> None:
    stored = Abstention(reason="no run yet", have=1, need=5).model_dump_json()
    assert Abstention.from_stored(stored) == Abstention(reason="no run yet", have=1, need=5)
    assert Abstention.from_stored(stored, have=2) == Abstention(reason="no run yet", have=2, need=5)
    assert Abstention.from_stored({"reason": "x", "unknown": 1}, need=3) == Abstention(reason="x", need=3)
    assert Abstention.from_stored(stored, have=2).model_fields_set == {"reason", "have", "need"}
