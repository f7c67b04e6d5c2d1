import json
import math

import pytest

from minibp.check.compare import Mismatch
from minibp.check.layout import Segment
from minibp.check.report.finding import Finding, number


def test_a_mismatch_becomes_a_finding_without_a_name():
    segment = Segment("(24)", 3, "nabla_w", (2, 3), 10, 16)
    mismatch = Mismatch(segment=segment, entry=(1, 2), got=3.0, expected=1.0, tolerance=0.5, problem=0)
    found = Finding.of_mismatch(mismatch, "f", "jax")
    assert (found.equation, found.layer, found.tensor, found.entry) == ("(24)", 3, "nabla_w", (1, 2))
    assert (found.got, found.expected, found.tolerance, found.error) == (3.0, 1.0, 0.5, 2.0)
    assert (found.subject, found.oracle, found.fault) == ("f", "jax", None)


@pytest.mark.parametrize(
    ("value", "expected"), [(1.5, 1.5), (None, None), (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan")]
)
def test_numbers_that_json_lacks_have_their_names(value, expected):
    assert number(value) == expected
    json.dumps(number(value), allow_nan=False)


def test_plain_data_have_every_field():
    found = Finding("(24)", 2, "nabla_w", entry=(0, 1), got=math.nan, expected=1.0, layers=(3, 2), also=("a",))
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(data) == {*Finding.__dataclass_fields__, "error"}
    assert (data["entry"], data["layers"], data["also"]) == ([0, 1], [3, 2], ["a"])
    assert (data["got"], data["error"], data["tolerance"]) == ("nan", "nan", None)
