/*
 * The simulated world: the whole of net/world.h on virtual time, from one seed.
 * Time moves only between callbacks; equal seeds give equal traces.
 *
 * A mistake of a caller (a handle used after its end, a timer set after it was
 * freed, a timer that is never freed) ends the program with a line that says so.
 */
#ifndef BNC_TESTS_SIM_WORLD_H
#define BNC_TESTS_SIM_WORLD_H

#include <stdio.h>

#include "lib/str.h"
#include "net/world.h"

struct bnc_sim; /* opaque */

/* Owns: the caller; free it last, when all handles of the world are freed. */
struct bnc_sim *bnc_sim_new(uint64_t seed);
void bnc_sim_free(struct bnc_sim *sim); /* NULL is ignored */
BNC_DEFINE_AUTO(bnc_sim);

/* What the product is given. */
struct bnc_world *bnc_sim_world(struct bnc_sim *sim);

/* Print "sim: ..." with the virtual time and abort. */
void bnc_sim_die(struct bnc_sim *sim, const char *fmt, ...) BNC_PRINTF(2, 3)
    __attribute__((noreturn));

/* ---- running ---------------------------------------------------------------- */

/*
 * Run events for `ms` of virtual time; the clock then stands at its end.  False
 * when bnc_world_stop() ended it early; the next run goes on from there.
 */
bool bnc_sim_run_for(struct bnc_sim *sim, int64_t ms);

typedef bool (*bnc_sim_predicate_fn)(void *arg);
/* As above, but ends as soon as `done` holds (tested after every event): true. */
bool bnc_sim_run_until(struct bnc_sim *sim, bnc_sim_predicate_fn done, void *arg,
                       int64_t limit_ms);

/* Called after every event, outside of callbacks; NULL: nothing is. */
void bnc_sim_after_event(struct bnc_sim *sim, bnc_fn fn, void *arg);

/* Run one event; false when there is none. */
bool bnc_sim_step(struct bnc_sim *sim);

/* Timers, calls, listeners, exchanges, folder watches and children of the product. */
size_t bnc_sim_open_handles(const struct bnc_sim *sim);
/* Print one line for each of them (at most 20) to standard error. */
void bnc_sim_print_handles(const struct bnc_sim *sim);

/* What bnc_world_on_stop() was given runs in a later event: SIGTERM. */
void bnc_sim_signal(struct bnc_sim *sim);

/* ---- clocks, randomness, environment ------------------------------------------ */

int64_t bnc_sim_now_ms(const struct bnc_sim *sim); /* monotonic, from 0 */
/* The machine sleeps: the boot and wall clocks go on, the monotonic one does not. */
void bnc_sim_suspend(struct bnc_sim *sim, int64_t ms);
void bnc_sim_wall_step(struct bnc_sim *sim, int64_t ms); /* somebody sets the clock */

/* From the simulator's own generator, not the product's. */
uint64_t bnc_sim_random(struct bnc_sim *sim);
uint64_t bnc_sim_below(struct bnc_sim *sim, uint64_t n); /* 0 <= result < n */
/* The simulator's generator goes on from here; the product's stays. */
void bnc_sim_reseed(struct bnc_sim *sim, uint64_t seed);
/* True `per_mille` times of 1 000; 0 draws nothing. */
bool bnc_sim_chance(struct bnc_sim *sim, unsigned per_mille);

/* ---- several processes in one world ------------------------------------------- */

#define BNC_SIM_PROCESSES 4

/*
 * What is started from now on is of this process (0 at first); what its callbacks start
 * is of it as well.  Those of 0 never stand still.  The process of before.
 */
unsigned bnc_sim_process(struct bnc_sim *sim, unsigned process);
/* It stands still for `ms` at least: what comes to it waits, what it has sent goes on. */
void bnc_sim_freeze(struct bnc_sim *sim, unsigned process, int64_t ms);
bool bnc_sim_frozen(const struct bnc_sim *sim, unsigned process);
/* For `ms` what it asks for never arrives, and answers to it come after that. */
void bnc_sim_cut(struct bnc_sim *sim, unsigned process, int64_t ms);

void bnc_sim_setenv(struct bnc_sim *sim, const char *name, const char *value);

/*
 * The n-th operation from now (counted from 1) fails, once; 0: none does.  Operations are
 * the start of a request (no connection), each piece of an answer (the connection
 * breaks), the setting of a timer (it comes 20 s late), reading a file and watching a
 * folder.
 */
void bnc_sim_fail_nth(struct bnc_sim *sim, uint64_t n);
uint64_t bnc_sim_operations(const struct bnc_sim *sim); /* so far */

/* ---- trace ----------------------------------------------------------------------- */

/* A digest of every event so far, its time and order. */
uint64_t bnc_sim_trace_hash(const struct bnc_sim *sim);
/* Print every event and note from now on; NULL: no more. */
void bnc_sim_trace_to(struct bnc_sim *sim, FILE *out);
/* Add a fact to the trace: constant text, a value that may be NULL, a number. */
void bnc_sim_note(struct bnc_sim *sim, const char *what, const char *value, int64_t n);

/* ---- events, for models of servers --------------------------------------------------
 */

/* Embed it in what it is for; zeroed: not scheduled. */
struct bnc_sim_event {
    int64_t at_us;
    uint64_t seq;
    size_t slot;      /* in the heap, counted from 1; 0: not scheduled */
    unsigned process; /* that it happens to */
    bnc_fn fn;
    void *arg;
    const char *what; /* static text for the trace */
};
/* Replaces an earlier time. */
void bnc_sim_schedule(struct bnc_sim *sim, struct bnc_sim_event *event, int64_t delay_us,
                      bnc_fn fn, void *arg, const char *what);
void bnc_sim_unschedule(struct bnc_sim *sim, struct bnc_sim_event *event);

/* ---- servers that the product calls ---------------------------------------------------
 */

struct bnc_sim_request {
    const char *method;
    const char *path;  /* as it was sent, still percent-encoded, without the query */
    const char *query; /* after '?', or "" */
    struct bnc_bytes body;
    const char *const *headers; /* ended by NULL */
};
/* A header of the request by name (any case); NULL: not there. */
const char *
bnc_sim_request_header(const struct bnc_sim_request *request, const char *name);

struct bnc_sim_server {
    /* A request has arrived.  Answer now or later, by the functions below. */
    void (*request)(void *arg, struct bnc_http_call *call,
                    const struct bnc_sim_request *request);
    /* The client has gone before the answer's end: forget the call.  May be NULL. */
    void (*closed)(void *arg, struct bnc_http_call *call);
};

/* `origin` is scheme, host and port: "https://10.96.0.1:443".  `server` is borrowed. */
void bnc_sim_serve(struct bnc_sim *sim, const char *origin,
                   const struct bnc_sim_server *server, void *arg);
void bnc_sim_unserve(struct bnc_sim *sim, const char *origin);

/* Every message takes its time from the seed and comes in order, in random pieces. */
void
bnc_sim_reply_head(struct bnc_http_call *call, int status, const char *const *headers);
void bnc_sim_reply_data(struct bnc_http_call *call, const char *bytes, size_t n);
void bnc_sim_reply_end(struct bnc_http_call *call);
/* The connection breaks, after what was sent so far; UNAVAILABLE for the client. */
void bnc_sim_reply_break(struct bnc_http_call *call, const char *why);
/* All of an answer in one call. */
void bnc_sim_reply(struct bnc_http_call *call, int status, const char *content_type,
                   struct bnc_bytes body);
/* What is sent from now on arrives `ms` later. */
void bnc_sim_reply_slow(struct bnc_http_call *call, int64_t ms);
/* Nothing arrives any more; after `ms` (or never: negative) the connection breaks. */
void bnc_sim_reply_stall(struct bnc_http_call *call, int64_t ms);
bool bnc_sim_reply_stalled(const struct bnc_http_call *call);

/* Milliseconds that one message takes at most (default 5); they are seldom needed. */
void bnc_sim_latency(struct bnc_sim *sim, int64_t max_ms);

/* ---- clients that call the product
 * ------------------------------------------------------ */

/*
 * Ask what listens on `port` and run the world until it has answered, 30 s at
 * most.  The status; 0: refused; -1: no answer.  `out` may be NULL; it is
 * appended to.  Not from inside a callback.
 */
int bnc_sim_request(struct bnc_sim *sim, int port, const char *method, const char *target,
                    struct bnc_bytes body, struct bnc_str *out);

/* ---- files
 * ----------------------------------------------------------------------------------- */

/* Folders above are made.  Watches of them are told. */
void bnc_sim_file_put(struct bnc_sim *sim, const char *path, const char *bytes, size_t n);
void bnc_sim_file_text(struct bnc_sim *sim, const char *path, const char *text);
/* False when there is none.  `out` is borrowed until the file changes. */
bool bnc_sim_file_get(struct bnc_sim *sim, const char *path, struct bnc_bytes *out);
void bnc_sim_folder_put(struct bnc_sim *sim, const char *path);
/* A file, or a folder with all that is in it. */
void bnc_sim_file_delete(struct bnc_sim *sim, const char *path);
/* Access to exactly this path fails with `code`; BNC_OK: works again. */
void bnc_sim_file_fail(struct bnc_sim *sim, const char *path, enum bnc_code code);
/* Mode that the product wrote the file with; 0: not written by it. */
unsigned bnc_sim_file_mode(struct bnc_sim *sim, const char *path);
uint64_t bnc_sim_file_writes(const struct bnc_sim *sim); /* by the product */
/* The product can write so many bytes more: "no space left".  SIZE_MAX: no limit. */
void bnc_sim_file_room(struct bnc_sim *sim, size_t bytes);

/* ---- children
 * ---------------------------------------------------------------------------------- */

struct bnc_sim_child_answer {
    int64_t delay_ms;
    int exit_status;
    struct bnc_bytes output; /* borrowed until the next event of the world */
    struct bnc_bytes errors;
};
typedef void (*bnc_sim_child_fn)(void *arg, const struct bnc_child_request *request,
                                 struct bnc_sim_child_answer *answer);
/* What `argv0` does when it is started; without a script it is NOT_FOUND. */
void bnc_sim_child_script(struct bnc_sim *sim, const char *argv0, bnc_sim_child_fn fn,
                          void *arg);

#endif
