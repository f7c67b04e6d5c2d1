"""A Dask cluster of two processes on this machine, until standard input is closed: its address, then its processes."""

import sys
import warnings


def main():
    """Print a line a fact, the address first."""
    warnings.simplefilter("ignore")
    from distributed import LocalCluster

    with LocalCluster(processes=True, n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, *(worker.pid for worker in cluster.workers.values()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
