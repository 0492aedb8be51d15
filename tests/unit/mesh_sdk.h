/*
 * Objects with OpenTelemetry's fields, and how a test writes down what becomes of them.
 */
#ifndef BNC_TESTS_UNIT_MESH_SDK_H
#define BNC_TESTS_UNIT_MESH_SDK_H

/* ---- objects -------------------------------------------------------------------------
 */

#define OBSERVATORY(more, apply, backends, percent)                                      \
    "apiVersion: binnacle.dev/v1alpha1\nkind: Observatory\n"                             \
    "metadata: {name: main, namespace: mon}\n"                                           \
    "spec: {namespaceSelector: {}, " more "tracing: {apply: [" apply                     \
    "], backends: [" backends "]" percent "}}\n---\n"
#define JAEGER    "{name: jaeger, type: jaeger, service: jaeger.mon}"
#define ZIPKIN    "{name: zipkin, type: zipkin, service: zipkin.mon}"
#define WEB       "{name: web, type: tempo, protocol: OTLPHTTP, service: tempo.mon}"
#define FIVE      ", sampling: {percent: 5}"
#define OTEL      "OpenTelemetry"
#define PLAIN     OBSERVATORY("", OTEL, JAEGER, FIVE)
#define TAKE_OVER OBSERVATORY("onConflict: TakeOver, ", OTEL, JAEGER, FIVE)
#define OFF       OBSERVATORY("", "Jaeger", JAEGER, FIVE)
#define REMOTE                                                                           \
    OBSERVATORY("", "OpenTelemetry, Jaeger", JAEGER, FIVE ", strategies: {name: s}")

#define INJECT(value) "instrumentation.opentelemetry.io/inject-java: '" value "'"
#define LABELLED(name, ns, labels, notes, env)                                           \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " name ", namespace: " ns   \
    "}\nspec: {template: {metadata: {labels: {app: " name labels                         \
    "}, annotations: {" notes "}}, spec: {containers: [{name: a, env: [" env             \
    "]}]}}}\n---\n"
#define WORKLOAD(name, ns, notes, env) LABELLED(name, ns, "", notes, env)
#define CART                           WORKLOAD("cart", "shop", INJECT("true"), "")
#define ENV(key, text)                 "{name: OTEL_" key ", value: '" text "'}, "
#define TWICE                          ENV("TRACES_SAMPLER", "traceidratio") ENV("TRACES_SAMPLER_ARG", "0.05")
#define POLICY(name, spec)                                                               \
    "apiVersion: binnacle.dev/v1alpha1\nkind: SamplingPolicy\nmetadata: {name: " name    \
    ", namespace: shop}\nspec: {" spec "}\n---\n"
#define NAMESPACE(notes)                                                                 \
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {" notes       \
    "}}\n---\n"
#define INSTRUMENTATION(name, notes, spec)                                               \
    "apiVersion: opentelemetry.io/v1alpha1\nkind: Instrumentation\nmetadata: "           \
    "{name: " name ", namespace: shop, annotations: {" notes "}}\nspec: {" spec          \
    "}\n---\n"
#define SAMPLER(type, argument) "sampler: {type: " type ", argument: '" argument "'}"
#define RATIO(argument)         SAMPLER("parentbased_traceidratio", argument)
#define OURS(spec)              INSTRUMENTATION("binnacle", "binnacle.dev/owner: mon/main", spec)
#define WAS(owner, argument, before)                                                     \
    "binnacle.dev/was: '{\"owner\":\"" owner                                             \
    "\",\"is\":" TYPED(argument) ",\"sampler\":" before "}'"
#define POD(name, containers)                                                            \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: cart-7d9f8b6c5-" name                   \
    ", namespace: shop, "                                                                \
    "labels: {pod-template-hash: 7d9f8b6c5}, ownerReferences: [{apiVersion: apps/v1, "   \
    "kind: "                                                                             \
    "ReplicaSet, name: cart-7d9f8b6c5, uid: u, controller: true}]}\nspec: {containers: " \
    "[" containers "]}\n---\n"
#define SDK(argument)                                                                    \
    "{name: a, env: [" ENV("TRACES_SAMPLER", "parentbased_traceidratio")                 \
        ENV("TRACES_SAMPLER_ARG", argument) "]}"

/* A mesh at 5 % with one provider that is there already. */
#define MESHED(type)                                                                     \
    OBSERVATORY("mesh: {mode: Environment, meshConfig: None}, ", OTEL, "", "")           \
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: "               \
    "istio-system}\ndata: {mesh: '{defaultProviders: {tracing: [p]}, "                   \
    "extensionProviders: [{name: p, " type ": {service: p.mon.svc.cluster.local, port: " \
    "1}}]}'}\n---\n"                                                                     \
    "apiVersion: v1\nkind: Service\nmetadata: {name: p, namespace: mon}\n---\n"          \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: "        \
    "istio-system}\nspec: {template: {spec: {containers: [{name: discovery, env: "       \
    "[{name: PILOT_TRACE_SAMPLING, value: '5'}]}]}}}\n---\n"
#define IN_MESH(env)                                                                     \
    LABELLED("cart", "shop", ", sidecar.istio.io/inject: 'true'", INJECT("true"), env)

/* ---- what is expected
 * ------------------------------------------------------------------ */

#define TYPED(argument)                                                                  \
    "{\"type\":\"parentbased_traceidratio\",\"argument\":\"" argument "\"}"
#define SPEC(before, endpoint, after, propagators)                                       \
    "make shop/binnacle {" before "\"exporter\":{\"endpoint\":\"http://" endpoint        \
    "\"}," after "\"propagators\":[\"tracecontext\",\"baggage\"" propagators "]}\n"
#define PROTOCOL(text) "{\"name\":\"OTEL_EXPORTER_OTLP_PROTOCOL\",\"value\":\"" text "\"}"
#define MAKE(argument)                                                                   \
    SPEC("\"sampler\":" TYPED(argument) ",", "jaeger.mon:4317",                          \
         "\"env\":[" PROTOCOL("grpc") "],", "")
#define MAKE_REMOTE                                                                      \
    SPEC("\"env\":[{\"name\":\"OTEL_TRACES_SAMPLER\",\"value\":"                         \
         "\"parentbased_jaeger_remote\"},{\"name\":\"OTEL_TRACES_SAMPLER_ARG\","         \
         "\"value\":"                                                                    \
         "\"endpoint=http://jaeger.mon:14250,pollingIntervalMs=60000,"                   \
         "initialSamplingRate=0\"}," PROTOCOL("grpc") "],",                              \
         "jaeger.mon:4317", "", "")
#define SET(argument, before)                                                            \
    "patch shop/theirs {\"owner\":\"mon/main\",\"is\":" TYPED(                           \
        argument) ",\"sampler\":" before "} " TYPED(argument) "\nheld shop/theirs\n"
#define BACK(sampler)       "patch shop/theirs - " sampler "\nheld shop/theirs\n"
#define SAYS(percent, rest) "cart " percent " by " rest "\n"
#define BY_MAIN             "Observatory mon/main"
#define UNSEEN(why)         "cart -: " why ": no SDK is injected\n"
#define MISSING             UNSEEN("namespace shop has no Instrumentation")
#define FOREIGN_TOLD        "! ForeignField shop/theirs has a sampler already\n"
#define REMEDY_TWICE                                                                     \
    "decided twice, by the mesh and by the app: use the parentbased_ form of the "       \
    "sampler: the mesh has decided already"

#endif
