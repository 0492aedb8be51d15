#include "render/prom_limits.h"

static const struct bnc_prom_limit rows[] = {
    {"sample_limit", offsetof(struct bnc_limits, sample_limit)},
    {"target_limit", offsetof(struct bnc_limits, target_limit)},
    {"label_limit", offsetof(struct bnc_limits, label_limit)},
    {"label_name_length_limit", offsetof(struct bnc_limits, label_name_length_limit)},
    {"label_value_length_limit", offsetof(struct bnc_limits, label_value_length_limit)},
    {"keep_dropped_targets", offsetof(struct bnc_limits, keep_dropped_targets)},
};

const struct bnc_prom_limit *
bnc_prom_limits(size_t *n)
{
    *n = BNC_LEN(rows);
    return rows;
}

const struct bnc_opt_int *
bnc_prom_limit_get(const struct bnc_prom_limit *limit, const struct bnc_limits *limits)
{
    return (const struct bnc_opt_int *)(const void *)((const char *)limits +
                                                      limit->offset);
}

struct bnc_opt_int *
bnc_prom_limit_at(const struct bnc_prom_limit *limit, struct bnc_limits *limits)
{
    return (struct bnc_opt_int *)(void *)((char *)limits + limit->offset);
}

/* 0 is "no limit" to Prometheus. */
static bool
limits_something(const struct bnc_opt_int *limit)
{
    return limit->set && limit->value > 0;
}

static const struct bnc_opt_int *
smaller(const struct bnc_opt_int *a, const struct bnc_opt_int *b)
{
    if (!limits_something(a)) {
        return limits_something(b) ? b : a;
    }
    return limits_something(b) && b->value < a->value ? b : a;
}

static struct bnc_opt_int
job_limit(const struct bnc_opt_int *own, const struct bnc_opt_int *global,
          const struct bnc_opt_int *enforced, bool global_carries)
{
    if (!limits_something(own) && global_carries) {
        return limits_something(enforced) ? (struct bnc_opt_int){0} : *own;
    }
    if (!limits_something(own) && !limits_something(enforced)) {
        return limits_something(global) ? *global : *own;
    }
    return *smaller(own, enforced);
}

/* Bytes; 0 for none, and for "0". */
static int64_t
size_of(const char *text)
{
    struct bnc_error err = {0};
    int64_t bytes = 0;

    return text != NULL && bnc_size_parse(text, &bytes, &err) == BNC_OK ? bytes : 0;
}

static const char *
job_body_limit(const char *own, const char *global, const char *enforced,
               bool global_carries)
{
    if (size_of(enforced) == 0) {
        return size_of(own) == 0 && !global_carries && size_of(global) > 0 ? global : own;
    }
    return size_of(own) > 0 && size_of(own) < size_of(enforced) ? own : enforced;
}

struct bnc_limits
bnc_prom_job_limits(const struct bnc_limits *job, const struct bnc_profile *profile,
                    const struct bnc_prom_gate *gate)
{
    static const struct bnc_limits none;
    const struct bnc_limits *ours = profile->global_limits ? &none : &profile->limits;
    struct bnc_limits out = {0};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        const struct bnc_opt_int *own = bnc_prom_limit_get(&rows[i], job);
        bool carries = bnc_prom_knows(gate, BNC_PROM_GLOBAL, rows[i].key);

        if (!bnc_prom_knows(gate, BNC_PROM_JOB, rows[i].key)) {
            if (own->set) {
                (void)bnc_prom_may(gate, BNC_PROM_JOB, rows[i].key); /* warns */
            }
            continue;
        }
        *bnc_prom_limit_at(&rows[i], &out) =
            job_limit(own, bnc_prom_limit_get(&rows[i], ours),
                      bnc_prom_limit_get(&rows[i], &profile->enforced), carries);
    }
    if (!bnc_prom_knows(gate, BNC_PROM_JOB, "body_size_limit")) {
        if (job->body_size_limit != NULL) {
            (void)bnc_prom_may(gate, BNC_PROM_JOB, "body_size_limit"); /* warns */
        }
        return out;
    }
    out.body_size_limit = job_body_limit(
        job->body_size_limit, ours->body_size_limit, profile->enforced.body_size_limit,
        bnc_prom_knows(gate, BNC_PROM_GLOBAL, "body_size_limit"));
    return out;
}

struct bnc_limits
bnc_prom_global_limits(const struct bnc_limits *own, const struct bnc_limits *enforced)
{
    struct bnc_limits out = {0};

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        *bnc_prom_limit_at(&rows[i], &out) = *smaller(
            bnc_prom_limit_get(&rows[i], own), bnc_prom_limit_get(&rows[i], enforced));
    }
    out.body_size_limit =
        own->body_size_limit != NULL ? own->body_size_limit : enforced->body_size_limit;
    return out;
}
