"""GOAWAY now and then, and ten streams for each connection: nothing fails, requests go out again on another connection"""

from lib.wait import expect

SECONDS = 60
IN_TEST = False
CHANGES_MAX = 400
GOODBYES = 3


def run(f):
    f.world()
    f.apiserver("--goaway-chance=0.02", "--http2-max-streams-per-connection=10")
    f.begin(via="wire")
    f.settle_in()
    begin, changes = f.wire.accepted, 0
    while f.wire.accepted - begin < GOODBYES and changes < CHANGES_MAX:
        f.put(f"p{changes % 6}", f"/p-{changes}", secret=changes % 6 == 0)
        f.right(15)
        changes += 1
    f.note(f"{f.wire.accepted - begin} new connections for {changes} changes")
    expect(f.wire.accepted - begin >= GOODBYES, f"no connection was told to go in {changes} changes")
    f.still("rest_client_requests_total", code="<error>")
    f.no_lists()
    f.moved("rest_client_requests_total", changes)
    f.healed()
