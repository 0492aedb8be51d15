/*
 * The closed loop of a budget: which percentage of the requests gives so many traces a
 * second.  One pure step, in integers: the same inputs give the same percentage.
 */
#ifndef BNC_MESH_BUDGET_H
#define BNC_MESH_BUDGET_H

#include "lib/base.h"

#define BNC_BUDGET_ALL_PERCENT INT64_C(10000) /* 100 %, in hundredths of 1 % */

/* What the user wishes. */
struct bnc_budget_settings {
    int64_t traces_per_second; /* thousandths; 0: nothing is traced */
    int64_t initial;           /* hundredths of 1 %, as min and max */
    int64_t min;               /* below 1 it counts as 1 (0.01 %) */
    int64_t max;               /* beats min; 0: nothing is traced */
    int64_t tolerance;   /* thousandths of the target, below 1000: so far off is good */
    int64_t interval_ms; /* between two changes, at least; above 0 */
};

/* All but the target. */
#define BNC_BUDGET_SETTINGS_DEFAULT                                                      \
    ((struct bnc_budget_settings){                                                       \
        .initial = 100, .min = 1, .max = 10000, .tolerance = 300, .interval_ms = 60000})

/* Where it stands. */
struct bnc_budget {
    int64_t percent;        /* hundredths of 1 % */
    int64_t last_change_ms; /* as `now_ms`; BNC_BUDGET_NEVER: not changed yet */
};

#define BNC_BUDGET_NEVER INT64_MIN

/* What was measured. */
struct bnc_budget_input {
    bool known;     /* false: the loop holds still, but for a change of the settings */
    int64_t rate;   /* thousandths of a request a second */
    int64_t now_ms; /* of a clock that is never set back */
};

/* At `percent`, what it was before a restart (below 0: initial), within the bounds. */
struct bnc_budget
bnc_budget_start(const struct bnc_budget_settings *settings, int64_t percent);

/*
 * One step; true when the percentage has changed.  Inside the tolerance, or when the
 * last change is younger than the interval, it stays.  Else it goes to the percentage
 * that gives the target, rounded down to 0.01 %: at once when that is lower, at most to
 * the double when it is higher.  Without any request it stays: raising it would trace
 * nothing now and too much when traffic is back.
 * What the settings alone ask for (other bounds, a budget of 0 and back to initial)
 * happens at once, also while the rate is not known.
 * For rates that stay within 1 : 1 + tolerance of each other nothing is lowered after the
 * first change, so that it cannot swing (tests/unit/test_budget.c).
 */
bool
bnc_budget_step(struct bnc_budget *budget, const struct bnc_budget_settings *settings,
                const struct bnc_budget_input *input);

#endif
