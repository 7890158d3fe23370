"""Commands of ours that the supervisor runs as processes of their own: preparing the database, training, building."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

_LOOK_SECONDS = 0.1
# One core is enough for a training: the others are for those who ask. Its progress bars are for nobody.
_IN_THE_BACKGROUND = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "LOG_LEVEL": "ERROR",  # Rasa's
}


async def run_child(until_gone: int, *arguments: str, beside_service: bool = False) -> int:
    """Runs `python -m bot …` to its end and returns its exit status; ends it at once when the wait is cancelled.

    `until_gone`: see `end_with_supervisor`. `beside_service`: leave the machine to the service.
    """
    process = subprocess.Popen(  # noqa: S603, ASYNC220 (the command is ours; it is started, not waited for)
        [sys.executable, "-m", "bot", *arguments, "--until-gone", str(until_gone)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if beside_service else None,
        env={**os.environ, **(_IN_THE_BACKGROUND if beside_service else {})},
        pass_fds=(until_gone,),
        start_new_session=True,
    )
    try:
        while (status := process.poll()) is None:  # noqa: ASYNC110 (nobody tells us)
            await asyncio.sleep(_LOOK_SECONDS)
        return status
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def end_with_supervisor(until_gone: int) -> None:
    """Ends this process when nobody holds the other end of the pipe `until_gone` any more: the supervisor is gone.

    By a thread, because an import of TensorFlow or a training looks at no pipe for many seconds.
    """

    def wait() -> None:
        os.read(until_gone, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
