import subprocess
import sys

import minibp
from minibp import adapters


def test_importing_the_adapters_loads_neither_torch_nor_jax():
    program = "import sys, minibp.adapters; assert not {'jax', 'torch', 'hypothesis'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert minibp.adapters is adapters
