import pytest

from minibp import InputError
from minibp.sharded import Collective, collectives

LINES = {
    "one array": (
        "  %all-reduce = f64[2,6]{1,0} all-reduce(%dot.2), channel_id=2, to_apply=%add.clone",
        Collective("all-reduce", ((2, 6),), 96),
    ),
    "several": (
        "  %r = (f32[3,4]{1,0}, bf16[2]{0}, f32[]) all-reduce(%a, %b, %c), channel_id=3",
        Collective("all-reduce", ((3, 4), (2,), ()), 56),
    ),
    "the start of a sum": (
        "  %s = (f32[3,4]{1,0}, f32[4]{0}) all-reduce-start(%a, %b), channel_id=1",
        Collective("all-reduce", ((3, 4), (4,)), 64),
    ),
    "the start of a gathering, with its operand": (
        "  %g = (f32[3,4]{1,0}, f32[6,4]{1,0}) all-gather-start(%a), dimensions={0}",
        Collective("all-gather", ((6, 4),), 96),
    ),
    "with a place among many": (
        "  %t = (f64[1]{0}, /*index=5*/f64[2]{0}) all-to-all(%a, %b)",
        Collective("all-to-all", ((1,), (2,)), 24),
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_an_operation_is_read(case):
    line, expected = LINES[case]
    assert collectives(line) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "%d = (f32[3]{0}, f32[3]{0}) all-reduce-done(%s)",
        "%g = f64[3,4]{1,0} get-tuple-element(%all-reduce.5), index=0",
        "%f = f64[2]{0} fusion(%all-gather), kind=kLoop",
    ],
)
def test_what_names_an_operation_is_none(line):
    assert collectives(line) == []


def test_operations_come_in_the_order_of_the_text():
    found = collectives("\n".join(line for line, _ in LINES.values()))
    assert found == [expected for _, expected in LINES.values()]


@pytest.mark.parametrize("given", [None, 3])
def test_what_is_no_program_is_told(given):
    with pytest.raises(InputError, match="expected a compiled program of JAX or its text"):
        collectives(given)
