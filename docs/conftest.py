"""Of this folder the tests run the pages alone: conf.py needs Sphinx."""

collect_ignore_glob = ["*.py"]
