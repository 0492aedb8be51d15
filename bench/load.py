"""Many requests at once, from processes of their own: Python alone would be the slowest part."""

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import world
from lib.api import Api, ApiError, path_of, whole

HANDS = 4
api = None  # of one process


def connect(port, token, ca_file):
    global api
    api = Api(port, token, ca_file)


def send(request):
    method, path, body, content = request
    try:
        api.request(method, path, body, content)
    except ApiError as error:
        if error.status not in (409, 404):  # there already, or gone already
            raise


class Hands:
    """Sends what it is given, as fast as the API server takes it, or at a pace."""

    def __init__(self, plane):
        a = plane.api
        self.pool = ProcessPoolExecutor(HANDS, get_context("spawn"), connect, (a.port, a.token, str(plane.dir / "pki/ca.crt")))

    def all(self, requests):
        for _ in self.pool.map(send, requests, chunksize=20):
            pass

    def paced(self, requests, per_second):
        """The rate that was really had."""
        begin, waiting, count = time.monotonic(), [], 0
        for request in requests:
            wait = begin + count / per_second - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            waiting.append(self.pool.submit(send, request))
            count += 1
        for one in waiting:
            one.result(60)
        return count / (time.monotonic() - begin)

    def close(self):
        self.pool.shutdown(cancel_futures=True)


def merge(path, body):
    return "PATCH", path, body, "application/merge-patch+json"


def post(path, body):
    return "POST", path, body, "application/json"


def pod_requests(count, first=0):
    for number in range(first, count):
        ns, name = world.pod_place(number)
        yield post(path_of("Pod", ns), whole("Pod", ns, name, world.pod(number)))


def status_requests(numbers, turn):
    for index, number in enumerate(numbers):  # each differs: a patch that changes nothing is no event
        ns, name = world.pod_place(number)
        yield merge(path_of("Pod", ns, name, "status"), world.pod_status(number, f"{turn}-{index}"))


def running_requests(count, first=0):
    for number in range(first, count):
        ns, name = world.pod_place(number)
        yield merge(path_of("Pod", ns, name, "status"), world.pod_running(number))
