#include "net/world.h"

#include "net/world_ops.h"

/* Every handle begins with a struct bnc_world_handle. */
static const struct bnc_world_ops *
ops_of(const void *handle)
{
    return ((const struct bnc_world_handle *)handle)->world->ops;
}

/* ---- life, clocks -------------------------------------------------------------- */

void
bnc_world_free(struct bnc_world *world)
{
    if (world != NULL) {
        world->ops->free(world);
    }
}

void
bnc_world_run(struct bnc_world *world)
{
    world->ops->run(world);
}

void
bnc_world_stop(struct bnc_world *world)
{
    world->ops->stop(world);
}

void
bnc_world_on_stop(struct bnc_world *world, bnc_fn fn, void *arg)
{
    world->ops->on_stop(world, fn, arg);
}

int64_t
bnc_world_mono_ms(struct bnc_world *world)
{
    return world->ops->mono_us(world) / 1000;
}

int64_t
bnc_world_mono_us(struct bnc_world *world)
{
    return world->ops->mono_us(world);
}

int64_t
bnc_world_boot_ms(struct bnc_world *world)
{
    return world->ops->boot_ms(world);
}

int64_t
bnc_world_wall_ms(struct bnc_world *world)
{
    return world->ops->wall_ms(world);
}

uint64_t
bnc_world_random(struct bnc_world *world)
{
    return world->ops->random(world);
}

const char *
bnc_world_getenv(struct bnc_world *world, const char *name)
{
    return world->ops->getenv(world, name);
}

/* ---- timers -------------------------------------------------------------------- */

struct bnc_timer *
bnc_timer_new(struct bnc_world *world, bnc_fn fn, void *arg)
{
    return world->ops->timer_new(world, fn, arg);
}

void
bnc_timer_free(struct bnc_timer *timer)
{
    if (timer != NULL) {
        ops_of(timer)->timer_free(timer);
    }
}

void
bnc_timer_set(struct bnc_timer *timer, int64_t delay_ms)
{
    ops_of(timer)->timer_set(timer, delay_ms);
}

void
bnc_timer_stop(struct bnc_timer *timer)
{
    ops_of(timer)->timer_stop(timer);
}

bool
bnc_timer_pending(const struct bnc_timer *timer)
{
    return ops_of(timer)->timer_pending(timer);
}

/* ---- HTTP ---------------------------------------------------------------------- */

struct bnc_http_call *
bnc_http_start(struct bnc_world *world, const struct bnc_http_request *request,
               const struct bnc_http_client_ops *ops, void *arg)
{
    return world->ops->http_start(world, request, ops, arg);
}

void
bnc_http_cancel(struct bnc_http_call *call)
{
    ops_of(call)->http_cancel(call);
}

const char *
bnc_http_header(struct bnc_http_call *call, const char *name)
{
    return ops_of(call)->http_header(call, name);
}

void
bnc_http_drop_connections(struct bnc_world *world)
{
    world->ops->http_drop(world);
}

enum bnc_code /* NOLINTNEXTLINE(readability-function-size): as net/world.h has it */
bnc_listen(struct bnc_world *world, const char *address, size_t max_body,
           bnc_http_handler_fn fn, void *arg, struct bnc_listener **out,
           struct bnc_error *err)
{
    return world->ops->listen(world, address, max_body, fn, arg, out, err);
}

enum bnc_code
bnc_listener_tls(struct bnc_listener *listener, const char *cert_pem, const char *key_pem,
                 struct bnc_error *err)
{
    if (ops_of(listener)->listener_tls == NULL) {
        return bnc_fail(err, BNC_INVALID, "this world has no TLS for listeners");
    }
    return ops_of(listener)->listener_tls(listener, cert_pem, key_pem, err);
}

int
bnc_listener_port(const struct bnc_listener *listener)
{
    return ops_of(listener)->listener_port(listener);
}

void
bnc_listener_free(struct bnc_listener *listener)
{
    if (listener != NULL) {
        ops_of(listener)->listener_free(listener);
    }
}

void
bnc_http_answer(struct bnc_http_exchange *exchange, int status, const char *content_type,
                struct bnc_bytes body)
{
    ops_of(exchange)->answer(exchange, status, content_type, body);
}

/* ---- files --------------------------------------------------------------------- */

enum bnc_code
bnc_file_read(struct bnc_world *world, const char *path, size_t max_bytes,
              struct bnc_arena *arena, struct bnc_bytes *out, struct bnc_error *err)
{
    return world->ops->file_read(world, path, max_bytes, arena, out, err);
}

enum bnc_code
bnc_file_write(struct bnc_world *world, const char *path, struct bnc_bytes bytes,
               unsigned mode, struct bnc_error *err)
{
    return world->ops->file_write(world, path, bytes, mode, err);
}

enum bnc_code
bnc_file_remove(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    return world->ops->file_remove(world, path, err);
}

enum bnc_file_type
bnc_file_type(struct bnc_world *world, const char *path)
{
    return world->ops->file_type(world, path);
}

enum bnc_code
bnc_dir_list(struct bnc_world *world, const char *path, size_t max_names,
             struct bnc_arena *arena, const char ***out, struct bnc_error *err)
{
    return world->ops->dir_list(world, path, max_names, arena, out, err);
}

enum bnc_code
bnc_dir_watch_new(struct bnc_world *world, const char *path, bnc_fn fn, void *arg,
                  struct bnc_dir_watch **out, struct bnc_error *err)
{
    return world->ops->dir_watch_new(world, path, fn, arg, out, err);
}

void
bnc_dir_watch_free(struct bnc_dir_watch *watch)
{
    if (watch != NULL) {
        ops_of(watch)->dir_watch_free(watch);
    }
}

/* ---- files in pieces, links, folders --------------------------------------------- */

enum bnc_code
bnc_file_scan(struct bnc_world *world, const char *path, size_t max_bytes,
              bnc_file_piece_fn fn, void *arg, struct bnc_error *err)
{
    return world->ops->file_scan(world, path, max_bytes, fn, arg, err);
}

enum bnc_code
bnc_file_create(struct bnc_world *world, const char *path, unsigned mode,
                struct bnc_file **out, struct bnc_error *err)
{
    return world->ops->file_create(world, path, mode, out, err);
}

enum bnc_code
bnc_file_append(struct bnc_file *file, struct bnc_bytes bytes, struct bnc_error *err)
{
    return ops_of(file)->file_append(file, bytes, err);
}

enum bnc_code
bnc_file_close(struct bnc_file *file, bool sync, struct bnc_error *err)
{
    return ops_of(file)->file_close(file, sync, err);
}

void
bnc_file_abandon(struct bnc_file *file)
{
    if (file != NULL) {
        ops_of(file)->file_abandon(file);
    }
}

enum bnc_code
bnc_file_link(struct bnc_world *world, const char *from, const char *to,
              struct bnc_error *err)
{
    return world->ops->file_link(world, from, to, err);
}

enum bnc_code
bnc_file_rename(struct bnc_world *world, const char *from, const char *to,
                struct bnc_error *err)
{
    return world->ops->file_rename(world, from, to, err);
}

enum bnc_code
bnc_file_stat(struct bnc_world *world, const char *path, bool follow,
              struct bnc_file_info *out, struct bnc_error *err)
{
    return world->ops->file_stat(world, path, follow, out, err);
}

enum bnc_code
bnc_symlink_put(struct bnc_world *world, const char *target, const char *path,
                struct bnc_error *err)
{
    return world->ops->symlink_put(world, target, path, err);
}

enum bnc_code
bnc_symlink_get(struct bnc_world *world, const char *path, struct bnc_arena *arena,
                const char **out, struct bnc_error *err)
{
    return world->ops->symlink_get(world, path, arena, out, err);
}

enum bnc_code
bnc_dir_make(struct bnc_world *world, const char *path, unsigned mode,
             struct bnc_error *err)
{
    return world->ops->dir_make(world, path, mode, err);
}

enum bnc_code
bnc_dir_sync(struct bnc_world *world, const char *path, struct bnc_error *err)
{
    return world->ops->dir_sync(world, path, err);
}

enum bnc_code
bnc_dir_remove(struct bnc_world *world, const char *path, size_t max_names,
               struct bnc_error *err)
{
    return world->ops->dir_remove(world, path, max_names, err);
}

/* ---- children ------------------------------------------------------------------ */

struct bnc_child *
bnc_child_start(struct bnc_world *world, const struct bnc_child_request *request,
                bnc_child_fn fn, void *arg)
{
    return world->ops->child_start(world, request, fn, arg);
}

void
bnc_child_cancel(struct bnc_child *child)
{
    ops_of(child)->child_cancel(child);
}
