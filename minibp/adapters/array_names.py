"""The names of arrays, and what they say: weights or biases, a gradient, an optimizer's memory, a value of a pass."""

from __future__ import annotations

import re

from minibp.adapters.held import Path

_OF_WEIGHTS = "w|theta|kernel|coef|syn|omega|param|mat"
_OF_BIASES = "b|intercept|thresh|offset"
WEIGHTS = re.compile(r"weight|theta|kernel|coef|syn|omega|matri|^w[a-z]{0,3}$")
BIASES = re.compile(r"bias|intercept|thresh|offset|^b(?!n)[a-z]{0,2}$")
GRADIENT = re.compile(
    r"(?:\w*grad(?:ient)?|nabla|deriv(?:ative)?|partial)s?$"
    rf"|(?:d(?:[cljef]d)?|g)(?:{_OF_WEIGHTS}|{_OF_BIASES}|[uv]$)"
)
CHANGE = re.compile(r"(?:delta|del|update|change|adjustment|correction|diff)s?$")
"""Words that mean a gradient beside a name of weights or biases, and δ where they stand alone."""
MEMORY = re.compile(
    r"(?:momentum|moment|velocity|velocities|vel|adam|adagrad|adadelta|rmsprop|rms|sq|squared?|prev|previous|old|best"
    r"|backup|saved|snapshot|init|initial|copy|hist|history|ema|running|optimizer|optim|opt)s?$"
)
MEMORY_OF = re.compile(r"[mvsr]d?(?:w|b|weights?|bias(?:es)?|theta)$|(?:w|b|weights?|bias(?:es)?|theta)[mv]$")
VALUE = re.compile(
    r"(?:[azxyoh]|input|output|out|activation|act|net|sum|error|err|loss|losse|cost|target|label|data|mask|signal|hidden"
    r"|size|shape|dim|unit|neuron|layer|prediction|pred|yhat|logit|prob|mean|var|std|cache)s?$"
)
MARK = re.compile(r"^(?:d(?:[cljef]d)?|g|grads?|gradients?|nablas?|deltas?|del|partials?)(?=.)|(?<=.)grads?$")
"""The part of a name that makes a gradient of the rest."""
CACHE = re.compile(r"caches?$")
"""Of a pass, or an optimizer's."""


def words_of(name: str) -> list[str]:
    """The words of a name in lower case, without numbers.

    >>> words_of("gradWeights_2"), words_of("dW1")
    (['grad', 'weights'], ['d', 'w'])
    """
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def names_in(path: Path) -> list[str]:
    """The names on a path, the last one first: attributes, and keys that are text or have text in them."""
    keys = [step.key for step in reversed(path)]
    return [" ".join(map(str, key)) if isinstance(key, tuple) else key for key in keys if isinstance(key, str | tuple)]


def role_of(path: Path) -> str | None:
    """The role that the last name says that says one: "weights" or "biases"."""
    for name in names_in(path):
        words = words_of(name)
        joined = "".join(words)
        forms = [form for one in (joined, *words) for form in (one, MARK.sub("", one))]
        for role, pattern in (("biases", BIASES), ("weights", WEIGHTS)):
            if any(pattern.search(form) for form in forms):
                return role
        if name in ("U", "V"):
            return "weights"
    return None


def kind_of(path: Path) -> str:
    """The kind of an array by its names.

    "gradient", "delta" (a gradient by the biases, perhaps), "memory" (of an optimizer, or a copy), "parameter",
    "value" (of a pass) or "unknown".
    """
    names = names_in(path)
    words = [words_of(name) for name in names]
    holders = names[1:] if names and path[-1].key == names[0] else names
    if any(_says(MEMORY, one) or MEMORY_OF.match("".join(one)) for one in words):
        return "memory"
    if any(re.fullmatch(r"[mvs]\d*", name) for name in holders):
        return "memory"
    role = role_of(path)
    if any(_is_gradient(one, role) for one in words):
        return "gradient"
    if any(_says(CHANGE, one) for one in words):
        return "gradient" if role else "delta"
    if role:
        return "memory" if any(_says(CACHE, one) for one in words) else "parameter"
    return "value" if words and _says(VALUE, words[0]) else "unknown"


def _is_gradient(words: list[str], role: str | None) -> bool:
    if "descent" in words:
        return False
    return _says(GRADIENT, ["".join(words), *words]) or (role is not None and len(words) > 1 and words[0] == "d")


def _says(pattern: re.Pattern[str], words: list[str]) -> bool:
    return any(pattern.match(word) for word in words)
