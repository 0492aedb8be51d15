"""the token's file cannot be read for a while: the old one serves on, a warning, and it goes on living"""

import os
import time

from lib.case import ACCOUNT
from lib.faults import token_of, with_user
from lib.wait import expect, until

AWAY_S = 300 if os.environ.get("E2E_LONG") else 75  # it is looked at each 50 s
SECONDS = AWAY_S + 25
IN_TEST = False
MEMORY = False


def run(f):
    file = f.dir / "token"
    kubeconfig = with_user(f, {"tokenFile": str(file)})
    file.write_text(token_of(f.plane.kubeconfig(ACCOUNT, f.dir / "other")))
    f.begin(kubeconfig=kubeconfig)
    kept = file.rename(f.dir / "token.away")
    file.mkdir()  # to root a file without rights is readable all the same
    begin = time.monotonic()
    turns = 0
    while time.monotonic() - begin < AWAY_S:
        turns += 1
        f.put("p1", f"/p1-away-{turns}")
        f.right(10)
        time.sleep(2)
    f.proxy.reset()
    f.right(20)
    until(lambda: "warn" in f.controller.said() and str(file) in f.controller.said(), 5, "no warning names the file")
    f.note(f"{turns} changes without it")
    f.still("rest_client_requests_total", code="401")
    file.rmdir()
    kept.rename(file)
    expect(f.controller.fetch("/readyz")[0] == 200, "readyz fails")
    f.healed()
