import signal
import threading

import pytest

from minibp.training.interrupt import heard


@pytest.fixture(autouse=True)
def interrupts():
    """What runs in the background may have them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_is_heard_the_second_interrupts_and_all_is_as_before():
    before = signal.getsignal(signal.SIGINT)
    with heard() as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_what_does_something_else_on_an_interrupt_is_left_alone():
    seen = []
    before = signal.signal(signal.SIGINT, lambda *arguments: seen.append(1))
    try:
        with heard() as interrupted:
            signal.raise_signal(signal.SIGINT)
            assert not interrupted()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [1]


def test_other_threads_have_nothing_to_hear():
    said = []

    def listen():
        with heard() as interrupted:
            said.append(interrupted())

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert said == [False]
