"""An executor that shares no object with the engine: everything that it is given or gives back is pickled."""

import cloudpickle


def pickled(work, jobs):
    for job in jobs:
        remote_work, remote_job = cloudpickle.loads(cloudpickle.dumps((work, job)))
        yield cloudpickle.loads(cloudpickle.dumps(remote_work(remote_job)))
