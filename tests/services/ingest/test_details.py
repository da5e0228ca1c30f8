"""Events with a broken detail through intake and a real store: nothing of them is refused by either."""

from tests.services.details_proof import prove
from tests.services.parts import Serving


def test_broken_details_cost_no_event(serving: Serving) -> None:
    result = prove(serving, 120, seed=7)
    assert result.stored + result.refused == 120
    assert result.stored > 90
    assert result.warnings >= result.warned > 20
