#include "tests/unit/test.h"

#include "render/prometheus.h"

static struct bnc_arena *arena;

static struct bnc_profile
profile_of(uint32_t major, uint32_t minor)
{
    return (struct bnc_profile){.version = {.major = major, .minor = minor}, .shards = {.shards = 1}};
}

static const char *
render(const struct bnc_job *job, const struct bnc_profile *profile)
{
    struct bnc_diags diags = bnc_diags_new(arena);
    struct bnc_bytes out = {0};
    struct bnc_error err = {0};

    CHECK_INT(bnc_prom_job_render(job, profile, arena, &out, &diags, &err), BNC_OK);
    CHECK_INT(diags.n, 0);
    return out.ptr;
}

/* -1: not set */
static const struct {
    const char *name;
    uint32_t minor; /* of 2.x */
    int64_t own, global, enforced;
    int64_t want;
} limits[] = {
    {"none", 45, -1, -1, -1, -1},
    {"own", 45, 10, -1, -1, 10},
    {"own 0 stays", 45, 0, -1, -1, 0},
    {"own 0, enforced 0", 45, 0, -1, 0, 0},
    {"enforced is global's", 45, -1, -1, 20, -1},
    {"enforced over own 0 is global's", 45, 0, -1, 20, -1},
    {"enforced before 2.45", 44, -1, -1, 20, 20},
    {"enforced over own 0 before 2.45", 44, 0, -1, 20, 20},
    {"own is smaller", 45, 10, -1, 20, 10},
    {"enforced is smaller", 45, 30, -1, 20, 20},
    {"global is global's", 45, -1, 5, -1, -1},
    {"global before 2.45", 44, -1, 5, -1, 5},
    {"global under own", 44, 10, 5, -1, 10},
    {"enforced, not global", 44, -1, 5, 20, 20},
};

static struct bnc_opt_int
maybe(int64_t value)
{
    return value < 0 ? (struct bnc_opt_int){0}
                     : (struct bnc_opt_int){.set = true, .value = value};
}

TEST(int_limits)
{
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(limits); i++) {
        struct bnc_profile profile = profile_of(2, limits[i].minor);
        const struct bnc_job job = {.job_name = "j",
                                    .limits = {.sample_limit = maybe(limits[i].own)}};

        profile.limits.sample_limit = maybe(limits[i].global);
        profile.enforced.sample_limit = maybe(limits[i].enforced);
        bnc_test_row(limits[i].name);
        CHECK_STR(render(&job, &profile),
                  limits[i].want < 0
                      ? "- job_name: j\n"
                      : bnc_arena_fmt(arena, "- job_name: j\n  sample_limit: %d\n",
                                      (int)limits[i].want));
    }
    bnc_arena_free(arena);
}

static const struct {
    const char *name;
    uint32_t minor;
    const char *own, *global, *enforced;
    const char *want;
} bodies[] = {
    {"none", 45, NULL, NULL, NULL, NULL},
    {"own", 45, "5MB", NULL, NULL, "5MB"},
    {"enforced", 45, NULL, NULL, "1MB", "1MB"},
    {"smaller in other units", 45, "1024KB", NULL, "2MB", "1024KB"},
    {"enforced is smaller", 45, "5MB", NULL, "4096KB", "4096KB"},
    {"global is global's", 45, NULL, "3MB", NULL, NULL},
    {"global before 2.45", 44, NULL, "3MB", NULL, "3MB"},
    {"own 0 with enforced", 45, "0", NULL, "1MB", "1MB"},
};

TEST(body_limits)
{
    arena = bnc_arena_new();
    for (size_t i = 0; i < BNC_LEN(bodies); i++) {
        struct bnc_profile profile = profile_of(2, bodies[i].minor);
        const struct bnc_job job = {.job_name = "j",
                                    .limits = {.body_size_limit = bodies[i].own}};

        profile.limits.body_size_limit = bodies[i].global;
        profile.enforced.body_size_limit = bodies[i].enforced;
        bnc_test_row(bodies[i].name);
        CHECK_STR(render(&job, &profile),
                  bodies[i].want == NULL
                      ? "- job_name: j\n"
                      : bnc_arena_fmt(arena, "- job_name: j\n  body_size_limit: %s\n",
                                      bodies[i].want));
    }
    bnc_arena_free(arena);
}

RUN_TESTS(int_limits, body_limits)
