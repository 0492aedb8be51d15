/*
 * The flags of leader election, and what they lead to.
 */
#ifndef BNC_CMD_ELECTION_H
#define BNC_CMD_ELECTION_H

#include "cmd/options.h"
#include "controller/leader.h"

struct bnc_election {
    struct bnc_leader_times times;
    const char *ns;
    const char *name;
    const char *identity;
};

/*
 * Errors: INVALID, with the flag and what would be right; also for flags of an election
 *         that is not asked for.
 */
enum bnc_code
bnc_election_check(const struct bnc_options *options, struct bnc_leader_times *times,
                   struct bnc_error *err) BNC_MUST_CHECK;

/*
 * The flags, else the pod's environment, else the context.
 * Owns:   texts are the arena's.
 * Errors: INVALID, as above or when no namespace is known.
 */
enum bnc_code
bnc_election_read(const struct bnc_options *options, struct bnc_world *world,
                  const struct bnc_kube_config *config, struct bnc_arena *arena,
                  struct bnc_election *out, struct bnc_error *err) BNC_MUST_CHECK;

/* The flags, for the table of `run`. */
#define BNC_FLAGS_ELECTION                                                               \
    {"--leader-elect", NULL, NULL, offsetof(struct bnc_options, leader_elect),           \
     "of several replicas one writes, the others stand by"},                             \
        {"--leader-elect-namespace", NULL, "NAME",                                       \
         offsetof(struct bnc_options, leader_namespace),                                 \
         "of the Lease (default: $POD_NAMESPACE, else that of the context)"},            \
        {"--leader-elect-id", NULL, "NAME", offsetof(struct bnc_options, leader_id),     \
         "the name of the Lease (default binnacle)"},                                    \
        {"--leader-elect-lease-duration", NULL, "TIME",                                  \
         offsetof(struct bnc_options, leader_lease),                                     \
         "how long the others wait for one that is silent (default 15s)"},               \
        {"--leader-elect-renew-deadline", NULL, "TIME",                                  \
         offsetof(struct bnc_options, leader_deadline),                                  \
         "how long after its last renewal the leader may write (default 10s)"},          \
    {                                                                                    \
        "--leader-elect-retry-period", NULL, "TIME",                                     \
            offsetof(struct bnc_options, leader_retry),                                  \
            "between two renewals (default 2s)"                                          \
    }

#endif
