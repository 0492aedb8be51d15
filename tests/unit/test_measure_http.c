/*
 * Asking Prometheus over real connections: what only these do.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "controller/measure.h"
#include "tests/unit/test_net.h"

#define RATE(value)                                                                      \
    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{"          \
    "\"metric\":{},\"value\":[1.5,\"" value "\"]}]}}"
#define QUERY "sum(rate(istio_requests_total{reporter=\"source\"}[5m]))"

struct prometheus {
    struct bnc_world *world;
    struct bnc_listener *listener;
    struct bnc_http_exchange *held;
    int status;       /* 0: no answer */
    const char *type; /* of the content */
    struct bnc_bytes body;
    int asked;
    char query[400]; /* the last one: path, and what was asked, raw */
    char told[700];  /* without the port, which is another each time */
};

static void
serve(void *arg, struct bnc_http_exchange *exchange, const struct bnc_http_query *query)
{
    struct prometheus *p = arg;

    p->asked++;
    (void)snprintf(p->query, sizeof(p->query), "%s?%s", query->path, query->query);
    if (p->status == 0) {
        p->held = exchange;
        return;
    }
    bnc_http_answer(exchange, p->status, p->type, p->body);
}

static void
on_changed(void *arg, const char *ns, const char *name, const struct bnc_measured *now)
{
    struct prometheus *p = arg;
    char *port;

    (void)snprintf(p->told, sizeof(p->told), "%s/%s %lld %s", ns, name,
                   (long long)now->percent, now->error == NULL ? "" : now->error);
    port = strstr(p->told, "127.0.0.1:");
    if (port != NULL) {
        char *end = port + 10;
        while (isdigit((unsigned char)*end) != 0) {
            end++;
        }
        memmove(port + 9, end, strlen(end) + 1);
    }
    bnc_world_stop(p->world);
}

/* A budget of 1 trace a second that asks within `interval_ms`. */
static struct bnc_measure *
begin(struct prometheus *p, int64_t interval_ms)
{
    const struct bnc_measure_options options = {p->world, on_changed, p};
    struct bnc_measure *measure = bnc_measure_new(&options);
    struct bnc_error err = {0};
    char url[64];

    CHECK_INT(bnc_listen(p->world, "127.0.0.1:0", 1000, serve, p, &p->listener, &err),
              BNC_OK);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/p/",
                   bnc_listener_port(p->listener));
    struct bnc_measure_spec spec = {.url = url, .query = QUERY};
    spec.settings = BNC_BUDGET_SETTINGS_DEFAULT;
    spec.settings.traces_per_second = 1000;
    spec.settings.interval_ms = interval_ms;
    bnc_measure_set(measure, "shop", "cart", &spec, -1);
    return measure;
}

TEST(what_is_told)
{
    static const struct {
        const char *name;
        int status;
        const char *type;
        const char *body; /* NULL: more than is taken */
        const char *want;
    } rows[] = {
        {"a rate", 200, "application/json", RATE("1000"), "shop/cart 10 "},
        {"502", 502, "text/html", "<html>",
         "shop/cart 100 Prometheus answers with status 502"},
        {"garbage", 200, "text/html", "<html>",
         "shop/cart 100 the answer is none of Prometheus'"},
        {"empty", 200, "application/json", "",
         "shop/cart 100 the answer is none of Prometheus'"},
        {"too much", 200, "application/json", NULL,
         "shop/cart 100 GET 127.0.0.1: the answer is over 65536 bytes"},
    };
    static char big[70000];
    (void)memset(big, ' ', sizeof(big) - 1);

    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct prometheus p = {.world = test_world_new()};
        bnc_test_row(rows[i].name);
        p.status = rows[i].status;
        p.type = rows[i].type;
        p.body = test_bytes(rows[i].body == NULL ? big : rows[i].body);
        struct bnc_measure *measure = begin(&p, 300);
        test_run(p.world);
        CHECK_STR(p.told, rows[i].want);
        CHECK_STR(p.query, "/p/api/v1/query?query=sum%28rate%28istio_requests_total%7B"
                           "reporter%3D%22source%22%7D%5B5m%5D%29%29");
        CHECK_INT(p.asked, 1);
        bnc_measure_free(measure);
        bnc_listener_free(p.listener);
        bnc_world_free(p.world);
    }
}

/* A process that leads every question elsewhere, and has a rate for it there. */
static pid_t
redirector(int *port)
{
    static const char there[] = "GET /there ";
    static const char moved[] = "HTTP/1.1 302 Found\r\nLocation: /there\r\n"
                                "Content-Length: 0\r\nConnection: close\r\n\r\n";
    static const char found[] =
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" RATE("1000");
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && listen(fd, 8) == 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    *port = ntohs(at.sin_port);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        (void)alarm(10); /* ends it when nobody else does */
        for (;;) {
            char request[2000] = "";
            int one = accept(fd, NULL, NULL);
            (void)!read(one, request, sizeof(request) - 1);
            const char *answer = bnc_str_starts(request, there) ? found : moved;
            (void)!write(one, answer, strlen(answer));
            (void)close(one);
        }
    }
    (void)close(fd);
    return pid;
}

TEST(a_redirect_is_not_followed)
{
    struct prometheus p = {.world = test_world_new()};
    struct bnc_measure *measure = begin(&p, 300);
    struct bnc_measure_spec spec = {.query = QUERY};
    char url[64];
    int port;
    pid_t pid = redirector(&port);

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
    spec.url = url;
    spec.settings = BNC_BUDGET_SETTINGS_DEFAULT;
    spec.settings.traces_per_second = 1000;
    spec.settings.interval_ms = 300;
    bnc_measure_set(measure, "shop", "cart", &spec, -1);
    test_run(p.world);
    (void)kill(pid, SIGKILL);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    CHECK_STR(p.told, "shop/cart 100 Prometheus answers with status 302: redirects are "
                      "not followed");
    CHECK_INT(p.asked, 0);
    bnc_measure_free(measure);
    bnc_listener_free(p.listener);
    bnc_world_free(p.world);
}

/* No answer in time, then nobody there; and it goes on asking. */
TEST(no_answer)
{
    struct prometheus p = {.world = test_world_new()};
    struct bnc_measure *measure = begin(&p, 100);

    test_run(p.world);
    CHECK(strstr(p.told, "shop/cart 100 GET 127.0.0.1: ") == p.told);
    CHECK(strstr(p.told, "timed out") != NULL);
    CHECK_INT(p.asked, 1);
    p.told[0] = '\0';
    test_run_ms(p.world, 450);
    CHECK(p.asked >= 2 && p.asked <= 4);
    CHECK_STR(p.told, ""); /* the same each time */

    bnc_listener_free(p.listener);
    test_run(p.world);
    CHECK(strstr(p.told, "shop/cart 100 GET 127.0.0.1: ") == p.told);
    bnc_measure_free(measure);
    bnc_world_free(p.world);
}

/* Answers are never closer than the interval, so that each of them may be acted on. */
TEST(each_answer_counts)
{
    struct prometheus p = {.world = test_world_new(),
                           .status = 200,
                           .type = "application/json",
                           .body = test_bytes(RATE("1"))};
    struct bnc_measure *measure = begin(&p, 20);

    for (int percent = 200; percent <= 6400; percent *= 2) {
        char want[40];
        (void)snprintf(want, sizeof(want), "shop/cart %d ", percent);
        test_run(p.world);
        CHECK_STR(p.told, want);
    }
    CHECK_INT(p.asked, 6);
    bnc_measure_free(measure);
    bnc_listener_free(p.listener);
    bnc_world_free(p.world);
}

RUN_TESTS(what_is_told, a_redirect_is_not_followed, no_answer, each_answer_counts)
