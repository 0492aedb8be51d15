#include "kube/config.h"

#include "tests/unit/kube_fake.h"

#define SERVICE "/var/run/secrets/kubernetes.io/serviceaccount/"
#define HEAD    "current-context: c\n"
#define CONTEXT "contexts: [{name: c, context: {cluster: k, user: u, namespace: team}}]\n"
#define CLUSTER "clusters: [{name: k, cluster: {server: 'https://h:1//'}}]\n"
#define USER(x) "users: [{name: u, user: {" x "}}]\n"
/* "-----BEGIN X-----" */
#define PEM     "LS0tLS1CRUdJTiBYLS0tLS0="
#define EXEC(x) "exec: {apiVersion: client.authentication.k8s.io/v1, " x "}"

static enum bnc_code
load(struct fake *fake, const char *path, const char *context,
     struct bnc_kube_config **out, struct bnc_error *err)
{
    const struct bnc_kube_config_options options = {path, context};
    return bnc_kube_config_load(&fake->base, &options, out, err);
}

TEST(refusals)
{
    static const struct {
        const char *name;
        const char *text;
        const char *want; /* in the message */
    } rows[] = {
        {"no YAML", "a: [", "kubeconfig /d/kc: line"},
        {"a list", "- a", "not a map"},
        {"no context", CONTEXT CLUSTER, "current-context is not set"},
        {"context missing", HEAD CLUSTER, "no context \"c\""},
        {"cluster missing", HEAD CONTEXT USER(""), "no cluster \"k\""},
        {"user missing", HEAD CONTEXT CLUSTER, "no user \"u\""},
        {"no server", HEAD CONTEXT "clusters: [{name: k}]\n" USER(""),
         "cluster \"k\": server is missing"},
        {"server without scheme",
         HEAD CONTEXT "clusters: [{name: k, cluster: {server: 'h:1'}}]\n" USER(""),
         "neither https:// nor http://"},
        {"insecure and authority",
         HEAD CONTEXT "clusters: [{name: k, cluster: {server: 'https://h', "
                      "insecure-skip-tls-verify: true, certificate-authority: x}}]\n",
         "remove one"},
        {"insecure is text",
         HEAD CONTEXT "clusters: [{name: k, cluster: {server: 'https://h', "
                      "insecure-skip-tls-verify: 'x'}}]\n",
         "neither true nor false"},
        {"token is a number", HEAD CONTEXT CLUSTER USER("token: 12"),
         "/d/kc: user \"u\": token is not a text; put it in quotes"},
        {"token of two lines", HEAD CONTEXT CLUSTER USER("token: \"a\\nB: c\""),
         "more than one line"},
        {"not base64", HEAD CONTEXT CLUSTER USER("client-key-data: '*'"),
         "client-key-data is not PEM"},
        {"certificate without key",
         HEAD CONTEXT CLUSTER USER("client-certificate-data: " PEM),
         "client-key is missing"},
        {"exec without command", HEAD CONTEXT CLUSTER USER(EXEC("")),
         "command is missing"},
        {"exec of another version",
         HEAD CONTEXT CLUSTER USER("exec: {apiVersion: v1alpha1, command: x}"),
         "apiVersion is neither"},
        {"exec wants a terminal",
         HEAD CONTEXT CLUSTER USER(EXEC("command: x, interactiveMode: Always")),
         "no terminal"},
        {"exec with odd args", HEAD CONTEXT CLUSTER USER(EXEC("command: x, args: [1]")),
         "args has an item"},
        {"auth-provider", HEAD CONTEXT CLUSTER USER("auth-provider: {name: gcp}"),
         "use exec"},
        {"groups without user", HEAD CONTEXT CLUSTER USER("as-groups: [g]"),
         "as is missing"},
        {"extra without user", HEAD CONTEXT CLUSTER USER("as-user-extra: {x: [v]}"),
         "as is missing"},
        {"extra is no map", HEAD CONTEXT CLUSTER USER("as: a, as-user-extra: [x]"),
         "as-user-extra is not a map"},
        {"extra holds no lists",
         HEAD CONTEXT CLUSTER USER("as: a, as-user-extra: {x: v}"), "x is not a list"},
        {"extra of two lines",
         HEAD CONTEXT CLUSTER USER("as: a, as-user-extra: {x: [\"y\\nA: b\"]}"),
         "several lines"},
        {"an odd proxy",
         HEAD CONTEXT "clusters: [{name: k, cluster: {server: 'https://h', "
                      "proxy-url: 'file:///x'}}]\n" USER(""),
         "proxy-url begins with none"},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct fake *fake = fake_new();
        struct bnc_kube_config *config = NULL;
        struct bnc_error err = {0};

        bnc_test_row(rows[i].name);
        fake->files[0] = (struct fake_file){"/d/kc", rows[i].text};
        CHECK_INT(load(fake, "/d/kc", NULL, &config, &err), BNC_INVALID);
        if (strstr(err.message, rows[i].want) == NULL) {
            CHECK_STR(err.message, rows[i].want);
        }
        CHECK(config == NULL);
        bnc_world_free(&fake->base);
    }
}

TEST(all_fields)
{
    static const char text[] = HEAD CONTEXT
        "clusters: [{name: k, cluster: {server: 'https://h:1//', tls-server-name: tsn, "
        "proxy-url: 'http://p', certificate-authority: ca.crt, disable-compression: "
        "true}}]\n" USER(
            "client-certificate: /abs.crt, client-key-data: " PEM
            ", token: t, tokenFile: sub/tok, username: nick, password: p, "
            "as: boss, as-uid: '7', as-groups: [g, h], as-user-extra: {Acme.com/A b: [v, "
            "w]}, " EXEC("command: ./x"));
    struct fake *fake = fake_new();
    struct bnc_kube_config *config = NULL;
    struct bnc_error err = {0};

    fake->files[0] = (struct fake_file){"/d/kc", text};
    CHECK_INT(load(fake, "/d/kc", NULL, &config, &err), BNC_OK);
    CHECK_STR(config->server, "https://h:1");
    CHECK_STR(config->ns, "team");
    CHECK_STR(config->tls_server_name, "tsn");
    CHECK_STR(config->proxy, "http://p");
    CHECK_STR(config->ca.path, "/d/ca.crt");
    CHECK(config->no_compression && !config->insecure);
    CHECK_STR(config->cert.path, "/abs.crt");
    CHECK_STR(config->key.text, "-----BEGIN X-----");
    CHECK_STR(config->token, "t");
    CHECK_STR(config->token_file, "/d/sub/tok");
    CHECK_STR(config->username, "nick");
    CHECK_STR(config->password, "p");
    CHECK_STR(config->impersonate[0], "Impersonate-User: boss");
    CHECK_STR(config->impersonate[1], "Impersonate-Uid: 7");
    CHECK_STR(config->impersonate[3], "Impersonate-Group: h");
    CHECK_STR(config->impersonate[4], "Impersonate-Extra-acme.com%2Fa%20b: v");
    CHECK_STR(config->impersonate[5], "Impersonate-Extra-acme.com%2Fa%20b: w");
    CHECK(config->impersonate[6] == NULL);
    CHECK(config->exec.command == NULL); /* what is given wins */
    bnc_kube_config_free(config);
    bnc_world_free(&fake->base);
}

TEST(exec_fields)
{
    struct fake *fake = fake_new();
    struct bnc_kube_config *config = NULL;
    struct bnc_error err = {0};

    fake->files[0] = (struct fake_file){
        "rel/kc", HEAD CONTEXT CLUSTER USER(EXEC(
                      "command: ./x, args: [a, 'b c'], env: [{name: NAME, value: v}], "
                      "provideClusterInfo: true, interactiveMode: IfAvailable"))};
    CHECK_INT(load(fake, "rel/kc", NULL, &config, &err), BNC_OK);
    CHECK_STR(config->exec.command, "rel/./x");
    CHECK_STR(config->exec.args[1], "b c");
    CHECK_STR(config->exec.env[0], "NAME=v");
    CHECK(config->exec.args[2] == NULL && config->exec.env[1] == NULL);
    CHECK(config->exec.provide_cluster_info);
    bnc_kube_config_free(config);
    bnc_world_free(&fake->base);
}

/* Which file counts. */
TEST(order)
{
    static const struct {
        const char *name;
        const char *flag, *list, *host;
        const char *server; /* NULL: not found */
    } rows[] = {
        {"flag before all", "/a", "/b", "10.0.0.1", "https://a"},
        {"list before the cluster", NULL, "/none:/b::/a", "10.0.0.1", "https://b"},
        {"the cluster before home", NULL, NULL, "10.0.0.1", "https://10.0.0.1:443"},
        {"IPv6", NULL, "", "::1", "https://[::1]:443"},
        {"home", NULL, NULL, NULL, "https://h"},
        {"a flag that is wrong is no reason to look elsewhere", "/none", "/b", NULL,
         NULL},
        {"nor is a list", NULL, "/none", "10.0.0.1", NULL},
    };
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct fake *fake = fake_new();
        struct bnc_kube_config *config = NULL;
        struct bnc_error err = {0};
        const struct fake_file files[] = {
            {"/a", HEAD "contexts: [{name: c, context: {cluster: k}}]\n"
                        "clusters: [{name: k, cluster: {server: 'https://a'}}]\n"},
            {"/b", HEAD "contexts: [{name: c, context: {cluster: k}}]\n"
                        "clusters: [{name: k, cluster: {server: 'https://b'}}]\n"},
            {"/home/.kube/config",
             HEAD "contexts: [{name: c, context: {cluster: k}}]\n"
                  "clusters: [{name: k, cluster: {server: 'https://h'}}]\n"},
            {SERVICE "token", "tok"},
            {SERVICE "ca.crt", "x"},
            {SERVICE "namespace", "team\n"},
        };
        memcpy(fake->files, files, sizeof(files));
        const char *const env[][2] = {{"HOME", "/home"},
                                      {"KUBECONFIG", rows[i].list},
                                      {"KUBERNETES_SERVICE_HOST", rows[i].host},
                                      {"KUBERNETES_SERVICE_PORT", "443"}};
        memcpy(fake->env, env, sizeof(env));

        bnc_test_row(rows[i].name);
        CHECK_INT(load(fake, rows[i].flag, NULL, &config, &err),
                  rows[i].server == NULL ? BNC_NOT_FOUND : BNC_OK);
        if (config != NULL) {
            CHECK_STR(config->server, rows[i].server);
        }
        if (config != NULL && strcmp(config->origin, "in-cluster") == 0) {
            CHECK_STR(config->ns, "team");
            CHECK_STR(config->token_file, SERVICE "token");
            CHECK_STR(config->ca.path, SERVICE "ca.crt");
        }
        bnc_kube_config_free(config);
        bnc_world_free(&fake->base);
    }
}

/* Entries come from different files; the first of a name wins; paths stay with theirs. */
TEST(merged)
{
    struct fake *fake = fake_new();
    struct bnc_kube_config *config = NULL;
    struct bnc_error err = {0};

    fake->env[0][0] = "KUBECONFIG";
    fake->env[0][1] = "/1/kc:/2/kc";
    fake->files[0] = (struct fake_file){
        "/1/kc", "clusters: [{name: k, cluster: {server: 'https://one', "
                 "certificate-authority: ca}}]\n"};
    fake->files[1] =
        (struct fake_file){"/2/kc", HEAD CONTEXT CLUSTER USER("tokenFile: tok")};
    CHECK_INT(load(fake, NULL, "c", &config, &err), BNC_OK);
    CHECK_STR(config->server, "https://one");
    CHECK_STR(config->ca.path, "/1/ca");
    CHECK_STR(config->token_file, "/2/tok");
    CHECK_STR(config->origin, "/1/kc:/2/kc");
    bnc_kube_config_free(config);
    bnc_world_free(&fake->base);
}

RUN_TESTS(refusals, all_fields, exec_fields, order, merged)
