"""another CA, first beside the old one, then alone: new connections are verified by it within 60 s, without a restart"""

import time

from lib.faults import certificate, with_cluster
from lib.wait import expect, until

SECONDS = 150
IN_TEST = False
SEEN_S = 65  # files are looked at each 60 s


def run(f):
    old, new = f.plane.dir / "pki/ca.crt", f.dir / "ca2.crt"
    server = certificate(f, new)
    file = f.dir / "ca.crt"
    file.write_text(old.read_text())
    f.begin(kubeconfig=with_cluster(f, {"certificate-authority": str(file)}))
    f.settle_in()

    # the server is ahead of the file: nothing new is verified, what is known stays
    f.proxy.use(*server)
    f.proxy.reset()
    f.put("p1", "/p1-unverified")
    f.stays(4)
    errors = f.gain("rest_client_requests_total", code="<error>")
    expect(errors >= 1, "nothing was refused")

    file.write_text(old.read_text() + new.read_text())
    begin = time.monotonic()
    f.right(SEEN_S + 20)
    f.figure("both: verified after", time.monotonic() - begin, "s", SEEN_S + 10)

    file.write_text(new.read_text())
    time.sleep(SEEN_S)
    f.proxy.reset()
    f.put("p2", "/p2-new-alone")
    f.right(20)
    f.moved("binnacle_watches_total", 3)

    # and the old one is no longer good
    f.proxy.use(f.plane.dir / "pki/apiserver.crt", f.plane.dir / "pki/apiserver.key")
    f.proxy.reset()
    f.put("p3", "/p3-old")
    f.stays(4)
    f.proxy.use(*server)
    f.right(30)
    until(lambda: f.controller.fetch("/readyz")[0] == 200, 30, "readyz fails")
    f.healed()
