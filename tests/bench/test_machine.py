import os
import platform
import time

from minibp.bench import machine as machine_module
from minibp.bench.machine import Others, cores, free_memory, machine, processor


def test_a_machine_is_described_and_not_named():
    found = machine()
    assert found["cores"] == cores() >= 1
    assert found["versions"]["numpy"]
    assert found["blas"]["name"]
    node = platform.node()
    assert not node or node not in str(found)


def test_what_others_do_meanwhile_is_all_but_ones_own(tmp_path, monkeypatch):
    path = tmp_path / "stat"
    assert Others(path).cores() is None
    path.write_text("")
    assert Others(path).cores() is None
    clock = iter([10.0, 12.0])
    monkeypatch.setattr(machine_module.time, "perf_counter", lambda: next(clock))
    own = iter([1.0, 1.5])
    monkeypatch.setattr(machine_module, "_own_seconds", lambda: next(own))
    second = os.sysconf("SC_CLK_TCK")
    path.write_text("cpu  0 0 0 900 3 0 0 0 0 0\n")
    others = Others(path)
    path.write_text(f"cpu  {2 * second} 0 {second // 2} 2000 3 0 0 0 0 0\n")
    assert others.cores() == 1.0  # 2.5 s of all cores in 2 s, of which 0.5 s were one's own


def test_ones_own_work_is_not_others():
    others = Others()
    while time.perf_counter() - others._start < 0.2:
        pass
    assert others.cores() is None or others.cores() >= 0


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
