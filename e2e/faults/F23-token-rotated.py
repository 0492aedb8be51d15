"""the token's file has a new one and the old one is refused: read again at once, one request replayed"""

import time

from lib.api import Api, ApiError
from lib.case import ACCOUNT
from lib.faults import with_user
from lib.wait import expect, until

SECONDS = 30
IN_TEST = False
MEMORY = False
GROUPS = 2  # of connections that may each meet the refusal


def token(f, name):
    """A real token that is good for as long as a Secret is there."""
    ns, account = ACCOUNT.split("/")
    f.api.create("Secret", ns, name, type="Opaque")
    f.undo.append(lambda: f.api.delete("Secret", ns, name))
    return f.plane.kubectl("create", "token", account, "-n", ns, "--bound-object-kind", "Secret",
                           "--bound-object-name", name).strip()


def refused(f, text):
    try:
        Api(f.api.port, text, f.plane.dir / "pki/ca.crt").request("GET", "/apis/binnacle.dev/v1alpha1/scrapepolicies")
        return False
    except ApiError as error:
        return error.status == 401


def run(f):
    first, second = token(f, "f23-first"), token(f, "f23-second")
    file = f.dir / "token"
    file.write_text(first + "\n")
    f.begin(kubeconfig=with_user(f, {"tokenFile": str(file)}))
    replaced = f.dir / "token.new"
    replaced.write_text(second + "\n")
    replaced.rename(file)
    f.api.delete("Secret", ACCOUNT.split("/")[0], "f23-first")
    until(lambda: refused(f, first), 20, "the old token is not refused", 0.2)
    f.put("p1", "/p1-rotated")
    begin = time.monotonic()
    f.right(10)
    f.figure("published", time.monotonic() - begin, "s", 5)
    f.proxy.reset()
    f.put("p2", "/p2-new-watches")
    f.right(20)
    f.moved("binnacle_replayed_requests_total", 1, GROUPS)
    f.moved("rest_client_requests_total", 1, GROUPS, code="401")
    expect(f.controller.fetch("/readyz")[0] == 200, "readyz fails")
    f.healed()
