import pytest

from minibp import InputError, sharded
from minibp.sharded import devices

jax = pytest.importorskip("jax", reason="JAX is not installed")


def test_a_mesh_stays_and_a_number_becomes_one():
    made = sharded.mesh(1)
    assert devices.checked_mesh(made) is made
    assert devices.checked_mesh(1) == made


def test_a_mesh_of_other_axes_is_told():
    with pytest.raises(InputError, match=r"mesh has the axes \('rows',\)"):
        devices.checked_mesh(jax.make_mesh((1,), ("rows",), devices=jax.devices()[:1]))


@pytest.mark.parametrize("count", [0, True, "two", 10**6])
def test_a_number_that_cannot_be_had_is_told(count):
    with pytest.raises(InputError, match=r"^devices is"):
        sharded.mesh(count)


def test_a_mesh_has_devices_of_every_process(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(InputError, match="devices are those of 1 process, expected some of each of the 2"):
        sharded.mesh(1)


def test_without_jax_the_command_that_installs_it_is_told(monkeypatch):
    def missing(library):
        raise ModuleNotFoundError(f"No module named {library!r}", name=library)

    monkeypatch.setattr("minibp.adapters.subject.import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r"minibp\.sharded needs jax, which is not installed: pip install"):
        sharded.mesh(1)
