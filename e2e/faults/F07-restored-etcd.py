"""etcd restored from an older copy: our resourceVersion is too large, and all converges on what is there now"""

import shutil
import time

SECONDS = 60
IN_TEST = False
RESOURCES = ("observatories", "scrapepolicies", "deployments", "namespaces")
AHEAD = 1500  # versions: more than the parts write when they start


def restored(f, copy):
    """Both parts with the state of the copy."""
    data = f.plane.dir / "etcd"
    f.plane.stop("apiserver")
    f.plane.stop("etcd")
    shutil.rmtree(data)
    shutil.copytree(copy, data)
    f.plane.start("etcd")
    f.plane.start("apiserver")
    f.answers()


def run(f):
    f.begin()
    copy = f.dir / "etcd-copy"
    f.plane.stop("etcd")
    shutil.copytree(f.plane.dir / "etcd", copy)
    f.plane.start("etcd")
    f.answers()
    then = dict(f.keys)
    f.change_all("lost")
    for i in range(AHEAD):
        f.api.annotate("Namespace", None, f.app, {"count": str(i)})
    f.change_all("lost-too")
    f.right(60)
    f.controller.ready(60)
    f.settle_in()
    restored(f, copy)
    f.settled_watch()
    # A watch from the future is taken and is silent until the server gets there; a list is refused.
    begin = time.monotonic()
    for resource in RESOURCES:
        f.expire(resource)
    f.keys = then
    f.right(90)
    for resource in RESOURCES:
        f.settled_watch(resource)
    f.figure("converged", time.monotonic() - begin, "s")
    f.moved("binnacle_lists_total", len(RESOURCES), reason="expired")
    f.healed()
