import platform

from minibp.bench.machine import busy, cores, machine, processor


def test_a_machine_is_described_and_not_named():
    found = machine()
    assert found["cores"] == cores() >= 1
    assert found["versions"]["numpy"]
    assert found["blas"]["name"]
    node = platform.node()
    assert not node or node not in str(found)


def test_whether_it_is_quiet(tmp_path):
    path = tmp_path / "stat"
    assert busy(path, 0) is None
    path.write_text("cpu  5 0 5 900 3 1 2 0 0 0\ncpu0 5 0 5 900 3 1 2 0 0 0\n")
    assert busy(path, 0) == 0
    path.write_text("")
    assert busy(path, 0) is None


def test_the_processor_is_read_or_asked_for(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor : 0\nmodel name\t: Some Processor @ 3 GHz\nmodel name\t: Some Processor @ 3 GHz\n")
    assert processor(path) == "Some Processor @ 3 GHz"
    path.write_text("nothing of use\n")
    assert processor(path) == (platform.processor() or platform.machine())
    assert processor(tmp_path / "missing") == (platform.processor() or platform.machine())
