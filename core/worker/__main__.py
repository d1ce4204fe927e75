"""Entry of a worker process."""

import os

# One thread a process, set before NumPy or torch is loaded: one worker runs on each core, and results
# do not depend on how a sum is split among threads.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[_name] = "1"

if __name__ == "__main__":
    from core.worker.process import main

    raise SystemExit(main())
