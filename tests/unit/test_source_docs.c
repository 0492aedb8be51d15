#include "tests/unit/test.h"

#include "lib/str.h"
#include "source/docs.h"

static void
log_object(void *arg, struct bnc_object *object, size_t line)
{
    bnc_str_fmt(arg, "%s %s/%s %s %zu %s\n", bnc_kind_info(object->kind)->name,
                object->ns, object->name, object->origin, line, object->text.ptr);
    CHECK_STR(object->uid, "");
    CHECK_STR(object->resource_version, "");
    CHECK(!object->deleting && object->status.len == 0 && object->generation == 0);
    bnc_object_unref(object);
}

static void
log_problem(void *arg, const struct bnc_problem *p)
{
    bnc_str_fmt(arg, "%s:%zu:%zu %s %s/%s %s: %s; %s\n", p->file, p->line, p->column,
                p->kind, p->ns, p->name, p->field, p->message,
                p->remedy == NULL ? "-" : p->remedy);
}

static const struct bnc_docs_ops log_ops = {log_object, log_problem};

static const struct {
    const char *name;
    const char *text;
    enum bnc_code code;
    const char *log;
    size_t ignored;
} rows[] = {
    {"nothing", "", BNC_OK, "", 0},
    {"empty documents", "---\n---\n# nothing\n---\n", BNC_OK, "", 0},
    {"two documents",
     "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}\n---\n"
     "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\n"
     "spec: {selector: {app: web}, ports: [{port: 80}]}\n",
     BNC_OK,
     "Namespace /shop f.yaml:1 1 {\"metadata\":{\"labels\":{\"a\":\"b\"}}}\n"
     "Service shop/web f.yaml:5 5 {\"spec\":{\"selector\":{\"app\":\"web\"}}}\n",
     0},
    {"JSON", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}",
     BNC_OK, "Pod default/a f.yaml:1 1 {}\n", 0},
    {"what a dump carries goes",
     "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  uid: u-1\n"
     "  resourceVersion: \"5\"\n  generation: 7\n  deletionTimestamp: "
     "\"2026-01-01T00:00:00Z\"\n"
     "  managedFields: [{manager: x}]\nstatus: {replicas: 1}\n",
     BNC_OK, "Deployment default/web f.yaml:1 1 {}\n", 0},
    {"a list of ours drops status",
     "apiVersion: binnacle.dev/v1alpha1\nkind: ScrapePolicyList\nitems:\n"
     "- metadata: {name: a}\n  spec: {jobLabel: x}\n  status: {jobs: 1}\n"
     "- metadata: {name: b, namespace: m}\n",
     BNC_OK,
     "ScrapePolicy default/a f.yaml:4 4 {\"spec\":{\"jobLabel\":\"x\"}}\n"
     "ScrapePolicy m/b f.yaml:7 7 {}\n",
     0},
    {"kind List, kinds mixed, lists in it",
     "# head\napiVersion: v1\nkind: List\nmetadata: {items: [1]}\nitems:\n"
     "- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n"
     "- {apiVersion: x/v1, kind: Z}\n"
     "-\n  apiVersion: v1\n  kind: List\n  items:\n"
     "  - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n"
     "- apiVersion: v1\n  kind: Pod\n  metadata: {}\n",
     BNC_OK,
     "Pod default/a f.yaml:6 6 {}\nPod default/b f.yaml:11 11 {}\n"
     "f.yaml:17:3 Pod / metadata.name: metadata.name is missing; give it a name; "
     "generateName needs an API server\n",
     1},
    {"other kinds are ignored",
     "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
     "metadata: {name: Whatever_}\n---\napiVersion: a/v1\nkind: AllowList\nspec: "
     "{}\n---\n"
     "apiVersion: apps/v1beta1\nkind: Deployment\n",
     BNC_OK, "", 3},
    {"our own group is not",
     "apiVersion: binnacle.dev/v1\nkind: ScrapePolcy\nmetadata: {name: a}\n", BNC_OK,
     "f.yaml:2:1 ScrapePolcy / kind: kind \"ScrapePolcy\" of \"binnacle.dev/v1\" is not "
     "known "
     "to this version of binnacle; use apiVersion binnacle.dev/v1alpha1 and kind "
     "Observatory "
     "or ScrapePolicy\n",
     0},
    {"no apiVersion", "kind: Pod\nmetadata: {name: a}\n", BNC_OK,
     "f.yaml:1:1  / apiVersion: apiVersion is missing; a manifest has apiVersion, kind "
     "and "
     "metadata.name; keep other files elsewhere\n",
     0},
    {"kind is no text", "apiVersion: v1\nkind: 5\n", BNC_OK,
     "f.yaml:2:1  / kind: kind is not text; a manifest has apiVersion, kind and "
     "metadata.name; keep other files elsewhere\n",
     0},
    {"not a map", "- a\n", BNC_OK,
     "f.yaml:1:1  / : not an object of Kubernetes; a manifest has apiVersion, kind and "
     "metadata.name; keep other files elsewhere\n",
     0},
    {"metadata is text", "apiVersion: v1\nkind: Pod\nmetadata: x\n", BNC_OK,
     "f.yaml:3:1 Pod / metadata: metadata is text, not a map; write it as a map with a "
     "name\n",
     0},
    {"name is a number", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: 5\n", BNC_OK,
     "f.yaml:4:3 Pod / metadata.name: metadata.name is a number, not text; put it in "
     "quotes\n",
     0},
    {"name leaves the folder",
     "apiVersion: v1\nkind: Secret\nmetadata:\n  name: ../x\n  namespace: m\n", BNC_OK,
     "f.yaml:4:3 Secret / metadata.name: \"../x\" is not a name that Kubernetes takes; "
     "use "
     "lower-case letters, digits, '-' and '.', at most 253, with a letter or digit at "
     "both "
     "ends\n",
     0},
    {"namespace leaves the folder",
     "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  namespace: ../n\n", BNC_OK,
     "f.yaml:5:3 Secret /x metadata.namespace: \"../n\" is not a namespace that "
     "Kubernetes "
     "takes; use lower-case letters, digits and '-', at most 63, with a letter or digit "
     "at "
     "both ends\n",
     0},
    {"a Namespace is a label", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\n",
     BNC_OK,
     "f.yaml:3:12 Namespace / metadata.name: \"a.b\" is not a name that Kubernetes "
     "takes; use "
     "lower-case letters, digits and '-', at most 63, with a letter or digit at both "
     "ends\n",
     0},
    {"annotation is a number",
     "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n"
     "    prometheus.io/scrape: true\n    prometheus.io/port: 8080\n    ok: \"1\"\n",
     BNC_OK,
     "f.yaml:6:5 Pod default/a metadata.annotations[\"prometheus.io/scrape\"]: the value "
     "is a "
     "boolean, not text; put it in quotes\n"
     "f.yaml:7:5 Pod default/a metadata.annotations[\"prometheus.io/port\"]: the value "
     "is a "
     "number, not text; put it in quotes\n",
     0},
    {"annotation of a pod template",
     "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec:\n  jobTemplate:\n"
     "    spec:\n      template:\n        metadata:\n          annotations: {a: 1}\n",
     BNC_OK,
     "f.yaml:9:25 CronJob default/a "
     "spec.jobTemplate.spec.template.metadata.annotations[\"a\"]: the value is a number, "
     "not "
     "text; put it in quotes\n",
     0},
    {"stringData is folded",
     "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {x: eA==, w: eQ==}\n"
     "stringData: {w: hello, z: \"\"}\n",
     BNC_OK,
     "Secret default/a f.yaml:1 1 "
     "{\"data\":{\"x\":\"eA==\",\"w\":\"aGVsbG8=\",\"z\":\"\"}}\n",
     0},
    {"stringData alone",
     "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {w: ab}\n", BNC_OK,
     "Secret default/a f.yaml:1 1 {\"data\":{\"w\":\"YWI=\"}}\n", 0},
    {"no base64, and the value is not shown",
     "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  pass: hunter2!\n",
     BNC_OK,
     "f.yaml:5:3 Secret default/a data[\"pass\"]: the value is not base64; encode it, or "
     "write "
     "plain text into stringData\n",
     0},
    {"data of a ConfigMap",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: plain}\n"
     "binaryData: {w: eQ==}\n",
     BNC_OK,
     "ConfigMap default/a f.yaml:1 1 "
     "{\"data\":{\"x\":\"plain\"},\"binaryData\":{\"w\":\"eQ==\"}}\n",
     0},
    {"no YAML", "a: [1\nb: }\n", BNC_INVALID, NULL, 0},
    {"NUL escape",
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\\u0000\"}}",
     BNC_INVALID, NULL, 0},
    {"good ones beside a bad one",
     "apiVersion: v1\nkind: Pod\nmetadata: {name: A}\n---\n"
     "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\n",
     BNC_OK,
     "f.yaml:3:12 Pod / metadata.name: \"A\" is not a name that Kubernetes takes; use "
     "lower-case letters, digits, '-' and '.', at most 253, with a letter or digit at "
     "both "
     "ends\nPod default/b f.yaml:5 5 {}\n",
     0},
};

static enum bnc_code
read_text(const char *text, size_t n, size_t max_objects, struct bnc_str *log,
          struct bnc_docs_counts *counts)
{
    struct bnc_error err = {0};
    struct bnc_docs_input input = {"f.yaml", {text, n}, NULL, max_objects};
    return bnc_docs_read(&input, &log_ops, log, counts, &err);
}

TEST(docs_rows)
{
    for (size_t i = 0; i < BNC_LEN(rows); i++) {
        struct bnc_str log = bnc_str_new(NULL, 65536);
        struct bnc_docs_counts counts;

        bnc_test_row(rows[i].name);
        bnc_str_puts(&log, "");
        CHECK_INT(read_text(rows[i].text, strlen(rows[i].text), 100, &log, &counts),
                  rows[i].code);
        if (rows[i].log != NULL) {
            CHECK_STR(log.ptr, rows[i].log);
        } else {
            CHECK_INT(counts.problems, 1);
        }
        CHECK_INT(counts.ignored, rows[i].ignored);
        bnc_str_free(&log);
    }
}

TEST(docs_syntax_error_has_its_line)
{
    static const char text[] = "apiVersion: v1\nkind: [\n";
    struct bnc_str log = bnc_str_new(NULL, 65536);
    struct bnc_docs_counts counts;

    CHECK_INT(read_text(text, sizeof(text) - 1, 100, &log, &counts), BNC_INVALID);
    CHECK(strncmp(log.ptr, "f.yaml:3:1  / : ", 16) == 0);
    bnc_str_free(&log);
}

TEST(docs_limits)
{
    static const char pod[] = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a%d}\n";
    static const char bad[] = "---\nkind: Pod\n";
    struct bnc_str log = bnc_str_new(NULL, (size_t)1 << 20);
    struct bnc_str text = bnc_str_new(NULL, (size_t)1 << 25);
    struct bnc_docs_counts counts;

    bnc_test_row("objects");
    for (int i = 0; i < 4; i++) {
        bnc_str_fmt(&text, pod, i);
    }
    CHECK_INT(read_text(text.ptr, text.len, 4, &log, &counts), BNC_OK);
    CHECK_INT(counts.objects, 4);
    bnc_str_clear(&log);
    CHECK_INT(read_text(text.ptr, text.len, 3, &log, &counts), BNC_TOO_BIG);
    CHECK(strstr(log.ptr,
                 "f.yaml:14:1  / : over 50000 objects in all files together; split "
                 "the file\n") != NULL);

    bnc_test_row("problems");
    bnc_str_clear(&log);
    bnc_str_clear(&text);
    for (int i = 0; i < 150; i++) {
        bnc_str_puts(&text, bad);
    }
    CHECK_INT(read_text(text.ptr, text.len, 3, &log, &counts), BNC_OK);
    CHECK_INT(counts.problems, 150);
    CHECK(strstr(log.ptr, "further problems of this file are not shown") != NULL);
    CHECK(strstr(log.ptr, "f.yaml:200:") != NULL);
    CHECK(strstr(log.ptr, "f.yaml:202:") == NULL);

    bnc_test_row("bytes");
    bnc_str_clear(&log);
    bnc_str_clear(&text);
    while (text.len <= BNC_DOCS_FILE_MAX) {
        bnc_str_puts(&text,
                     "# sixty-three bytes of nothing that anybody would ever read.\n");
    }
    CHECK_INT(read_text(text.ptr, text.len, 3, &log, &counts), BNC_TOO_BIG);
    CHECK_INT(counts.problems, 1);
    bnc_str_free(&text);
    bnc_str_free(&log);
}

RUN_TESTS(docs_rows, docs_syntax_error_has_its_line, docs_limits)
