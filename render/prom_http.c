#include "render/prom_http.h"

static void
write_tls(struct bnc_yaml *y, const struct bnc_job_tls *tls,
          const struct bnc_prom_gate *gate)
{
    if (!tls->present) {
        return;
    }
    BNC_YAML_MAP (y, "tls_config") {
        bnc_yaml_opt_bool(y, "insecure_skip_verify", tls->insecure_skip_verify);
        bnc_yaml_opt_str(y, "ca_file", tls->ca_file);
        bnc_yaml_opt_str(y, "cert_file", tls->cert_file);
        bnc_yaml_opt_str(y, "key_file", tls->key_file);
        bnc_yaml_opt_str(y, "server_name", tls->server_name);
        if (tls->min_version != NULL && bnc_prom_may(gate, BNC_PROM_TLS, "min_version")) {
            bnc_yaml_str(y, "min_version", tls->min_version);
        }
        if (tls->max_version != NULL && bnc_prom_may(gate, BNC_PROM_TLS, "max_version")) {
            bnc_yaml_str(y, "max_version", tls->max_version);
        }
    }
}

static void
write_proxy(struct bnc_yaml *y, const char *url, const char *except,
            enum bnc_tri environment, const cJSON *headers,
            const struct bnc_prom_gate *gate)
{
    bnc_yaml_opt_str(y, "proxy_url", url);
    if (except != NULL && bnc_prom_may(gate, BNC_PROM_HTTP, "no_proxy")) {
        bnc_yaml_str(y, "no_proxy", except);
    }
    if (environment != BNC_UNSET &&
        bnc_prom_may(gate, BNC_PROM_HTTP, "proxy_from_environment")) {
        bnc_yaml_opt_bool(y, "proxy_from_environment", environment);
    }
    if (headers != NULL && bnc_prom_may(gate, BNC_PROM_HTTP, "proxy_connect_header")) {
        bnc_yaml_tree(y, "proxy_connect_header", headers);
    }
}

/* A user name in a file needs 2.49; before, its text is written: it is no secret. */
static void
write_basic_auth(struct bnc_yaml *y, const struct bnc_job *job,
                 const struct bnc_prom_gate *gate)
{
    bool in_file = job->basic_username_file != NULL;

    if (in_file && job->basic_username != NULL) {
        in_file = bnc_prom_knows(gate, BNC_PROM_BASIC_AUTH, "username_file");
    } else if (in_file) {
        in_file = bnc_prom_may(gate, BNC_PROM_BASIC_AUTH, "username_file");
    }
    BNC_YAML_MAP (y, "basic_auth") {
        if (in_file) {
            bnc_yaml_str(y, "username_file", job->basic_username_file);
        } else {
            bnc_yaml_opt_str(y, "username", job->basic_username);
        }
        bnc_yaml_opt_str(y, "password_file", job->basic_password_file);
    }
}

static void
write_oauth2(struct bnc_yaml *y, const struct bnc_job_oauth2 *oauth2,
             const struct bnc_prom_gate *gate)
{
    BNC_YAML_MAP (y, "oauth2") {
        bnc_yaml_opt_str(y, "client_id", oauth2->client_id);
        bnc_yaml_opt_str(y, "client_secret_file", oauth2->client_secret_file);
        bnc_yaml_opt_str(y, "token_url", oauth2->token_url);
        if (oauth2->scopes.n > 0) {
            bnc_yaml_texts(y, "scopes", &oauth2->scopes);
        }
        if (oauth2->endpoint_params.n > 0) {
            BNC_YAML_MAP (y, "endpoint_params") {
                for (size_t i = 0; i < oauth2->endpoint_params.n; i++) {
                    bnc_yaml_str(y, oauth2->endpoint_params.items[i].key,
                                 oauth2->endpoint_params.items[i].value);
                }
            }
        }
        write_proxy(y, oauth2->proxy_url, oauth2->no_proxy,
                    oauth2->proxy_from_environment, oauth2->proxy_connect_header, gate);
        write_tls(y, &oauth2->tls, gate);
    }
}

/* Prometheus refuses two kinds at once: the first that is there. */
static void
write_auth(struct bnc_yaml *y, const struct bnc_job *job,
           const struct bnc_prom_gate *gate)
{
    if (job->basic_username != NULL || job->basic_username_file != NULL ||
        job->basic_password_file != NULL) {
        write_basic_auth(y, job, gate);
    } else if (job->auth_type != NULL || job->credentials_file != NULL) {
        if (!bnc_prom_may(gate, BNC_PROM_HTTP, "authorization")) {
            return;
        }
        BNC_YAML_MAP (y, "authorization") {
            bnc_yaml_opt_str(y, "type", job->auth_type);
            bnc_yaml_opt_str(y, "credentials_file", job->credentials_file);
        }
    } else if (job->oauth2 != NULL) {
        if (!bnc_prom_may(gate, BNC_PROM_HTTP, "oauth2")) {
            return;
        }
        write_oauth2(y, job->oauth2, gate);
    } else {
        bnc_yaml_opt_str(y, "bearer_token_file", job->bearer_token_file);
    }
}

void
bnc_prom_http_write(struct bnc_yaml *y, const struct bnc_job *job,
                    const struct bnc_prom_gate *gate)
{
    if (job->enable_http2 != BNC_UNSET &&
        bnc_prom_may(gate, BNC_PROM_HTTP, "enable_http2")) {
        bnc_yaml_opt_bool(y, "enable_http2", job->enable_http2);
    }
    if (job->follow_redirects != BNC_UNSET &&
        bnc_prom_may(gate, BNC_PROM_HTTP, "follow_redirects")) {
        bnc_yaml_opt_bool(y, "follow_redirects", job->follow_redirects);
    }
    write_proxy(y, job->proxy_url, job->no_proxy, job->proxy_from_environment,
                job->proxy_connect_header, gate);
    write_auth(y, job, gate);
    write_tls(y, &job->tls, gate);
}
