#include "mesh/budget.h"

/*
 * More than any mesh has, in thousandths a second; keeps every product below in 64 bits:
 * a rate times 10000, and a target times 10 times a tolerance of 1000.
 */
#define RATE_MAX INT64_C(100000000000000)

static int64_t
at_most(int64_t value, int64_t max)
{
    return value > max ? max : value;
}

/* Inside the bounds; the upper one wins. */
static int64_t
bounded(const struct bnc_budget_settings *settings, int64_t percent)
{
    int64_t min = settings->min < 1 ? 1 : settings->min;
    int64_t max = at_most(settings->max, BNC_BUDGET_ALL_PERCENT);

    percent = at_most(percent < min ? min : percent, max);
    return percent < 0 ? 0 : percent;
}

/* What the settings make of a percentage without asking for a rate. */
static int64_t
settled(const struct bnc_budget_settings *settings, int64_t percent)
{
    if (settings->traces_per_second <= 0) {
        return 0;
    }
    /* 0 comes from a budget that was off: nothing could be doubled */
    return bounded(settings, percent <= 0 ? settings->initial : percent);
}

/* True when the traces a second are near enough to the target. */
static bool
is_near(const struct bnc_budget_settings *settings, int64_t target, int64_t rate,
        int64_t percent)
{
    int64_t distance = rate * percent - target * BNC_BUDGET_ALL_PERCENT;
    int64_t allowed = target * (BNC_BUDGET_ALL_PERCENT / 1000) * settings->tolerance;

    return (distance < 0 ? -distance : distance) < allowed;
}

/*
 * p x target / (rate x p): p cancels out.  Rounded down, because rounding up would
 * spend more than the budget and makes 0.01 % and 0.02 % swing.
 */
static int64_t
wanted(int64_t target, int64_t rate, int64_t percent)
{
    return at_most(target * BNC_BUDGET_ALL_PERCENT / rate, 2 * percent);
}

static bool
change(struct bnc_budget *budget, int64_t percent, int64_t now_ms)
{
    if (budget->percent == percent) {
        return false;
    }
    budget->percent = percent;
    budget->last_change_ms = now_ms;
    return true;
}

struct bnc_budget
bnc_budget_start(const struct bnc_budget_settings *settings, int64_t percent)
{
    return (struct bnc_budget){
        .percent = settled(settings, percent < 0 ? settings->initial : percent),
        .last_change_ms = BNC_BUDGET_NEVER,
    };
}

bool
bnc_budget_step(struct bnc_budget *budget, const struct bnc_budget_settings *settings,
                const struct bnc_budget_input *input)
{
    if (change(budget, settled(settings, budget->percent), input->now_ms)) {
        return true;
    }
    bool rests = budget->last_change_ms != BNC_BUDGET_NEVER &&
                 input->now_ms - budget->last_change_ms < settings->interval_ms;
    if (!input->known || input->rate <= 0 || rests || budget->percent == 0) {
        return false;
    }
    int64_t target = at_most(settings->traces_per_second, RATE_MAX);
    int64_t rate = at_most(input->rate, RATE_MAX);
    if (is_near(settings, target, rate, budget->percent)) {
        return false;
    }
    return change(budget, bounded(settings, wanted(target, rate, budget->percent)),
                  input->now_ms);
}
