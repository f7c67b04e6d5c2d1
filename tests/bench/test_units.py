import pytest

from minibp.bench.units import rounded_duration, seconds, size, with_spread


@pytest.mark.parametrize(
    ("value", "said"),
    [(2.5, "2.50 s"), (0.0999, "99.9 ms"), (1.5e-5, "15.0 µs"), (4e-8, "40.0 ns"), (0.25, "250 ms"), (0.0, "0 ns")],
)
def test_times_have_three_digits(value, said):
    assert seconds(value) == said


def test_ratios_have_as_many_digits_as_they_need():
    assert with_spread({"low": 0.001, "median": 0.0012, "high": 0.002}) == "0.0012 ±0.0005"
    assert with_spread({"low": 149.0, "median": 150.4, "high": 153.0}) == "150 ±2"
    assert with_spread(None) == "–"


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 B"), (1023, "1023 B"), (3 << 20, "3.00 MiB"), (24 << 30, "24.0 GiB"), (1 << 60, "1,073,741,824 GiB")],
)
def test_bytes_have_the_unit_of_their_size(value, said):
    assert size(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0.2, "1 s"), (9.5, "10 s"), (10.5, "15 s"), (90, "90 s"), (91, "2 min"), (3600, "60 min")]
)
def test_durations_are_rounded_up(value, said):
    assert rounded_duration(value) == said
