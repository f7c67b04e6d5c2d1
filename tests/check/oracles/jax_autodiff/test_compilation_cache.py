import os
import stat
import subprocess
import sys

import numpy as np
import pytest

from minibp.check.oracles.jax_autodiff import compilation_cache

jax = pytest.importorskip("jax")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(compilation_cache, "user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "minibp" / "jax"


def test_the_folder_is_the_users_alone(home):
    assert compilation_cache.cache_folder() == home
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_folder_of_the_users_choice(tmp_path, monkeypatch):
    monkeypatch.setenv(compilation_cache.VARIABLE, str(tmp_path / "chosen"))
    assert compilation_cache.cache_folder() == tmp_path / "chosen" / "jax"
    assert compilation_cache.advice() is None


def test_where_nothing_is_kept_one_sentence_says_why_and_what_to_do(home):
    assert compilation_cache.advice() is None
    home.parent.parent.chmod(0o775)
    assert compilation_cache.advice().startswith("JAX's program is compiled anew in every run, which takes seconds: ")
    assert f"others can write to {home.parent.parent} (chmod go-w it)" in compilation_cache.advice()
    assert "MINIBP_CACHE_DIR" in compilation_cache.advice()
    home.parent.parent.chmod(0o700)
    home.chmod(0o755)
    assert f"{home} is not a folder of yours alone (chmod 700 it)" in compilation_cache.advice()


def test_a_folder_that_others_can_read_is_not_used(home):
    home.parent.mkdir(mode=0o700)
    home.mkdir()
    home.chmod(0o755)
    assert compilation_cache.cache_folder() is None


def test_a_link_to_elsewhere_is_not_used(home, tmp_path):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    home.parent.mkdir(parents=True, mode=0o700)
    home.symlink_to(tmp_path / "elsewhere")
    assert compilation_cache.cache_folder() is None


def test_a_parent_that_others_can_write_to_is_not_used(home):
    compilation_cache.cache_folder()
    home.parent.chmod(0o777)
    assert compilation_cache.cache_folder() is None
    home.parent.chmod(0o700)
    home.parent.parent.chmod(0o777)
    assert compilation_cache.cache_folder() is None
    home.parent.parent.chmod(0o1777)
    assert compilation_cache.cache_folder() == home


def test_folders_made_under_a_loose_umask_are_the_users_alone(home):
    before = os.umask(0)
    try:
        assert compilation_cache.cache_folder() == home
    finally:
        os.umask(before)


def test_a_folder_that_cannot_be_made_is_not_used(home):
    home.parent.parent.mkdir(exist_ok=True)
    home.parent.write_text("a file is in the way")
    assert compilation_cache.cache_folder() is None


def test_someone_elses_folder_is_not_used(home, monkeypatch):
    compilation_cache.cache_folder()
    monkeypatch.setattr(os, "getuid", lambda: home.stat().st_uid + 1)
    assert compilation_cache.cache_folder() is None


def test_where_users_have_no_numbers_the_mode_decides(home, monkeypatch):
    monkeypatch.delattr(os, "getuid")
    assert compilation_cache.cache_folder() == home


def test_compilations_are_kept_and_settings_restored(home):
    before = dict(jax.config.values)
    program = compilation_cache.compiled(lambda x: 2 * x, np.ones(3))
    with jax.enable_x64(True):
        assert np.asarray(program(np.arange(3.0))).tolist() == [0, 2, 4]
    assert len(list(home.iterdir())) >= 1
    assert dict(jax.config.values) == before


def test_without_a_safe_folder_it_compiles_all_the_same(home):
    home.parent.mkdir(mode=0o700)
    home.mkdir()
    home.chmod(0o777)
    program = compilation_cache.compiled(lambda x: 3 * x, np.ones(3))
    with jax.enable_x64(True):
        assert np.asarray(program(np.ones(3))).tolist() == [3, 3, 3]
    assert list(home.iterdir()) == []


def test_a_cache_of_the_users_own_is_kept(tmp_path):
    program = (
        "import jax, numpy as np\n"
        "from minibp.check.oracles.jax_autodiff.compilation_cache import compiled\n"
        "compiled(lambda x: 5 * x, np.ones(3))\n"
        f"assert jax.config.values['jax_compilation_cache_dir'] == {str(tmp_path / 'own')!r}\n"
    )
    environment = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "own"), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert not (tmp_path / "minibp").exists()


def test_a_second_process_finds_the_compilation(tmp_path):
    program = (
        "import numpy as np, jax\n"
        "from minibp.check.oracles.jax_autodiff.compilation_cache import compiled\n"
        "hits = []\n"
        "jax.monitoring.register_event_listener(lambda event, **rest: hits.append(event))\n"
        "compiled(lambda x: 7 * x, np.ones(3))\n"
        "print('/jax/compilation_cache/cache_hits' in hits)\n"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    answers = [
        subprocess.run(
            [sys.executable, "-c", program], check=True, env=environment, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    ]
    assert answers == ["False\n", "True\n"]
