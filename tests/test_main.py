import sys

import pytest

import minibp


def test_the_command_is_the_module(monkeypatch, capsys):
    from minibp import __main__, stopping

    monkeypatch.setattr(stopping, "install", lambda done: None)  # pytest has its own way with Ctrl-C
    monkeypatch.setattr(sys, "argv", ["minibp", "--version"])
    with pytest.raises(SystemExit) as caught:
        __main__.main()
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"minibp, version {minibp.__version__}\n"


def test_without_click_it_says_what_to_install(monkeypatch, capsys):
    from minibp import __main__, stopping
    from minibp.extras import how_to_install

    monkeypatch.setattr(stopping, "install", lambda done: None)
    monkeypatch.setattr(__main__, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as caught:
        __main__.main()
    assert caught.value.code == f"the minibp command needs click, which is not installed: {how_to_install('all')}"
