"""The structure of the package: places, the floors that they stand on, and which place imports which.

    python tests/architecture.py

A place is a file or a package on the first level of minibp/ or of minibp/check/. It imports only from places on floors
above its own in the list, which are lower in the house, and from places beside it; no two places, and no two files,
import each other, by whatever detour.
"""

import ast
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

FLOORS = """
arrays stopping
archives blocks extras files generators memory monomials normal plots signatures tables text trees user_error vectors
cluster
workers
foreign
activation activations costs further_activations network inputs user_functions problem
batched component drawing per_example workspace
adapters console data hypothesis_plugin import_string options pages sharded strategies
shipping
check.problem_stack check.tolerance check.generation check.rounding
check.oracles check.faults
check.layout check.statistics check.compare
check.report
check.subject check.diagnosis
check.verify check.grad check.backprop
bench check.command descent explain jax pytest_plugin torch training
cli
__main__
"""
"""The lowest floor first."""


def place_of(module):
    """The place of a module, named without the package: check.oracles of check.oracles.jax_autodiff.program, say."""
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] == "check" else 1])


def modules_of(house):
    """The files of a package by the names of their modules, without that of the package itself."""
    found = {}
    for path in sorted(house.rglob("*.py")):
        parts = path.relative_to(house).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: path for name, path in found.items() if name}


def imports_of(path, modules, package="minibp"):
    """The modules of the package that a file imports, and for each whether type checkers alone read the line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, _, inner = name.partition(".")
            if first != package:
                continue
            while inner and inner not in modules:  # a name in a module, or in a module of a package
                inner = inner.rpartition(".")[0]
            if inner:
                yield inner, id(node) in for_types


def graphs_of(house, package="minibp"):
    """The places that each place imports, and the modules that each module imports when it runs."""
    modules = modules_of(house)
    places, files = {}, {}
    for name, path in modules.items():
        place = places.setdefault(place_of(name), set())
        file = files.setdefault(name, set())
        for other, for_types in imports_of(path, modules, package):
            if place_of(other) != place_of(name):
                place.add(place_of(other))
            if not for_types and other != name:
                file.add(other)
    places.pop("check", None)  # check/__init__.py is the map
    return places, files


def faults_of(places, files, floors=FLOORS):
    """What is wrong with the structure, a sentence each."""
    floor = {place: number for number, line in enumerate(floors.split("\n")) for place in line.split()}
    faults = [f"{place} has no floor" for place in sorted(places.keys() - floor)]
    faults += [f"{place} is on a floor, and is not there" for place in sorted(floor.keys() - places)]
    faults += [
        f"{place} imports {other}, which stands on a higher floor"
        for place, others in sorted(places.items())
        for other in sorted(others)
        if floor.get(other, -1) > floor.get(place, len(floor))
    ]
    for what, graph in (("places", places), ("files", files)):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            faults.append(f"{what} import each other: {' <- '.join(error.args[1])}")
    return faults


def main():
    """Print every floor, from the highest down, with the arrows of each place; and what is wrong with them."""
    import minibp

    places, files = graphs_of(Path(minibp.__file__).parent)
    for line in reversed(FLOORS.split("\n")):
        for place in line.split():
            print(f"{place:22} -> {' '.join(sorted(places.get(place, ())))}")
        print()
    faults = faults_of(places, files)
    print("\n".join(faults) or f"{len(places)} places, {len(files)} files: every arrow points down, and no circle")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
