import os
import platform
import time

from minibp.bench import machine as machine_module
from minibp.bench.machine import Others, free_memory, machine, processor
from minibp.workers import cores


def test_a_machine_is_described_and_not_named():
    found = machine()
    assert found["cores"] == cores() >= 1
    assert found["versions"]["numpy"]
    assert found["blas"]["name"]
    node = platform.node()
    assert not node or node not in str(found)


SECOND = os.sysconf("SC_CLK_TCK")
"""In the system's ticks."""


def stat(path, user=0.0, nice=0.0, system=0.0, idle=0.0, waiting=0.0):
    """A file as Linux has it, of so many seconds of all cores."""
    ticks = " ".join(str(round(seconds * SECOND)) for seconds in (user, nice, system, idle, waiting))
    path.write_text(f"cpu  {ticks} 0 0 0 0 0\n")
    return path


def test_what_others_do_meanwhile_is_all_but_ones_own(tmp_path):
    path = tmp_path / "stat"
    assert Others(path).busy_cores() is None
    path.write_text("")
    assert Others(path).busy_cores() is None
    clock, own = iter([10.0, 12.0]), iter([1.0, 1.5])
    others = Others(stat(path, idle=9, waiting=3), clock.__next__, own.__next__)
    stat(path, user=2, system=0.5, idle=20, waiting=3)
    assert others.busy_cores() == 1.0  # 2.5 s of all cores in 2 s, of which 0.5 s were one's own


def test_ones_own_work_is_not_others(tmp_path):
    """Where nobody else does anything, ticks count what this process does."""
    path = stat(tmp_path / "stat")
    clock = iter([0.0, 1.0])
    others, before = Others(path, clock.__next__), time.process_time()
    while time.process_time() - before < 0.3:
        pass
    stat(path, user=time.process_time() - before)
    # Both are known to a tick, and the answer has two digits; with one's own work it would be 0.3.
    assert others.busy_cores() <= 2 / SECOND + 0.01


def test_the_processor_is_read_or_asked_for(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor : 0\nmodel name\t: Some Processor @ 3 GHz\nmodel name\t: Some Processor @ 3 GHz\n")
    assert processor(path) == "Some Processor @ 3 GHz"
    path.write_text("nothing of use\n")
    assert processor(path) == (platform.processor() or platform.machine())
    assert processor(tmp_path / "missing") == (platform.processor() or platform.machine())


def test_free_memory_is_what_linux_says_within_a_containers_limit(tmp_path):
    meminfo, limit = tmp_path / "meminfo", tmp_path / "memory.max"
    meminfo.write_text("MemTotal:       16 kB\nMemAvailable:    8 kB\n")
    assert free_memory(meminfo, limit) == 8192
    limit.write_text("max\n")
    assert free_memory(meminfo, limit) == 8192
    limit.write_text("5000\n")
    assert free_memory(meminfo, limit) == 5000


def test_free_memory_is_all_memory_where_linux_does_not_say(tmp_path, monkeypatch):
    meminfo = tmp_path / "meminfo"
    sizes = {"SC_PHYS_PAGES": 3, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(machine_module.os, "sysconf", sizes.__getitem__)
    assert free_memory(meminfo, meminfo) == 3 * 4096
    meminfo.write_text("MemTotal: 16 kB\n")
    assert free_memory(meminfo, meminfo) == 3 * 4096
    monkeypatch.delattr(machine_module.os, "sysconf")
    assert free_memory(meminfo, meminfo) is None
