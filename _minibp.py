"""The `minibp` command's first moments: before NumPy is imported, Ctrl-C is heard, and users' code gets a process.

A file beside the package, since importing anything inside it imports NumPy first.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

DONE = "MINIBP_DONE"
"""The variable that holds the number of the pipe on which a supervised process says its exit status."""
WITH_USERS_CODE = ("check", "descend")
FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP")


def main() -> None:
    """Run the command line."""
    stop_quietly()
    if DONE in os.environ:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _forwarded())
    if sys.argv[1:2] and sys.argv[1] in WITH_USERS_CODE and DONE not in os.environ and os.name == "posix":
        sys.exit(supervised(sys.argv[1:]))
    from minibp.__main__ import main as run

    run()


def _forwarded() -> set[signal.Signals]:
    return {getattr(signal, name) for name in FORWARDED}


def stop_quietly() -> None:
    """End with one line and status 130 on Ctrl-C, where nothing has begun yet."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stopped)


def _stopped(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one press may come twice, from the terminal and from the parent
    os.write(2, b"minibp: stopped while starting\n")
    done(130)
    os._exit(130)


def done(status: int) -> None:
    """Tell the supervising process, where there is one, that this one comes to its end, and with which status."""
    pipe = os.environ.pop(DONE, None)
    if pipe is not None:
        os.write(int(pipe), bytes([status]))


if sys.argv[:1] == ["-m"]:  # Python is on its way to run a package, this one's command perhaps
    stop_quietly()


def supervised(arguments: list[str]) -> int:
    """Run the command in a process of its own and return its exit status.

    Users' code may end the process that it runs in, by os._exit or a crash: then there is no verdict, and the status
    is 2 whatever that process said.
    """
    import subprocess

    reading, writing = os.pipe()
    # The folder of this file comes last: it is of use only where the package is not installed.
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (pathlib would take its time)
    start = f"import sys; sys.path.append({folder!r}); import _minibp; _minibp.main()"
    # Signals wait until both processes know what to do with them: the new one inherits that they do.
    signal.pthread_sigmask(signal.SIG_BLOCK, _forwarded())
    child = subprocess.Popen(  # noqa: S603 (this interpreter, and the arguments that were given)
        [sys.executable, "-P", "-c", start, *arguments],
        pass_fds=(writing,),
        env={**os.environ, DONE: str(writing)},
    )
    for number in _forwarded():
        signal.signal(number, lambda number, frame: child.send_signal(number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _forwarded())
    code = child.wait()
    os.close(writing)
    os.set_blocking(reading, False)
    try:
        said = os.read(reading, 1)
    except BlockingIOError:  # a process that the user's code has left running still holds the pipe
        said = b""
    if said:
        return said[0]
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code} (os._exit?)"
    sys.stderr.write(f"minibp: the process of {' '.join(arguments[:2])} ended by {how} before its work was done\n")
    return 2
