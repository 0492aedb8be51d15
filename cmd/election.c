#include "cmd/election.h"

#include <string.h>

#include "lib/units.h"

#define HOSTNAME_FILE "/proc/sys/kernel/hostname"
#define HOSTNAME_MAX  256
#define DEFAULT_NAME  "binnacle"

static enum bnc_code
read_time(const char *text, const char *flag, int64_t *ms, struct bnc_error *err)
{
    if (text != NULL && bnc_duration_parse(text, ms, err)) {
        return bnc_wrap(err, "%s", flag);
    }
    return BNC_OK;
}

enum bnc_code
bnc_election_check(const struct bnc_options *options, struct bnc_leader_times *times,
                   struct bnc_error *err)
{
    const struct {
        const char *text;
        const char *flag;
        int64_t *ms; /* NULL: no time */
    } rows[] = {
        {options->leader_namespace, "--leader-elect-namespace", NULL},
        {options->leader_id, "--leader-elect-id", NULL},
        {options->leader_lease, "--leader-elect-lease-duration", &times->lease_ms},
        {options->leader_deadline, "--leader-elect-renew-deadline", &times->deadline_ms},
        {options->leader_retry, "--leader-elect-retry-period", &times->retry_ms},
    };

    *times = BNC_LEADER_TIMES_DEFAULT;
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        if (rows[i].text != NULL && !options->leader_elect) {
            return bnc_fail(err, BNC_INVALID, "%s goes with --leader-elect",
                            rows[i].flag);
        }
        if (rows[i].ms == NULL && rows[i].text != NULL &&
            !bnc_url_segment_ok(rows[i].text)) {
            return bnc_fail(err, BNC_INVALID, "%s is no name: \"%.60s\"", rows[i].flag,
                            rows[i].text);
        }
        if (rows[i].ms != NULL &&
            read_time(rows[i].text, rows[i].flag, rows[i].ms, err)) {
            return err->code;
        }
    }
    return bnc_leader_check(times, err);
}

/* Of a pod, else of the machine. */
static const char *
host_name(struct bnc_world *world, struct bnc_arena *arena)
{
    struct bnc_bytes text = {0};
    struct bnc_error ignored = {0};
    const char *name = bnc_world_getenv(world, "POD_NAME");

    if (name == NULL &&
        bnc_file_read(world, HOSTNAME_FILE, HOSTNAME_MAX, arena, &text, &ignored) == 0) {
        name = bnc_arena_strndup(arena, text.ptr, strcspn(text.ptr, "\n"));
    }
    return name == NULL || name[0] == '\0' ? DEFAULT_NAME : name;
}

enum bnc_code
bnc_election_read(const struct bnc_options *options, struct bnc_world *world,
                  const struct bnc_kube_config *config, struct bnc_arena *arena,
                  struct bnc_election *out, struct bnc_error *err)
{
    if (bnc_election_check(options, &out->times, err)) {
        return err->code;
    }
    out->ns = options->leader_namespace;
    if (out->ns == NULL) {
        out->ns = bnc_world_getenv(world, "POD_NAMESPACE");
    }
    if (out->ns == NULL) {
        out->ns = config->ns;
    }
    if (out->ns == NULL) {
        return bnc_fail(err, BNC_INVALID,
                        "--leader-elect needs --leader-elect-namespace: neither "
                        "$POD_NAMESPACE nor the context names one");
    }
    out->name = options->leader_id == NULL ? DEFAULT_NAME : options->leader_id;
    out->identity = bnc_leader_identity(world, host_name(world, arena), arena);
    return BNC_OK;
}
