/*
 * A source without a cluster: manifests from files, folders or a text; results
 * into a folder, or to whoever asked for them.
 */
#ifndef BNC_SOURCE_DIR_H
#define BNC_SOURCE_DIR_H

#include "net/world.h"
#include "source/problem.h"
#include "source/source.h"

/*
 * All is copied but `text` (borrowed until the first `synced`) and what `arg`
 * points to.
 *
 * Folders are read to any depth up to 32: *.yaml, *.yml and *.json in byte order
 * of their paths, links followed, names that begin with a dot and
 * kustomization.yaml left out.  A file given by name is read whatever its name.
 */
struct bnc_source_dir_options {
    const char *const *paths;      /* ended by NULL; NULL: none */
    struct bnc_bytes text;         /* read as one more file; ptr NULL: none */
    const char *text_name;         /* NULL: "stdin" */
    const char *default_namespace; /* NULL: "default" */
    bool watch;                    /* follow changes until it is stopped */

    /*
     * NULL: nothing is written.  Else the keys of each Secret and ConfigMap that
     * is applied become files, TO/NAMESPACE/NAME/KEY; those of a Secret called
     * NAME-assets, TO/NAMESPACE/NAME/files/KEY with mode 0600.  What was written
     * is listed in TO/.binnacle-files; nothing else is ever changed or removed.
     */
    const char *to;

    void *arg;
    bnc_problem_fn on_problem; /* may be NULL, as the next */
    /* Each write before it is answered, but for patches: these are refused (INVALID).
       Borrowed for the call. */
    void (*on_write)(void *arg, const struct bnc_write *write);
    /*
     * NULL, or: when there is no Observatory, what stands for one beside an object; NULL:
     * nothing.  Owns: the caller.
     */
    struct bnc_object *(*imply)(const struct bnc_object *object);
};

struct bnc_source_dir_counts {
    size_t files;
    size_t objects;
    size_t ignored;  /* objects of kinds that are not read */
    size_t problems; /* all that were found so far */
};

/*
 * Without `watch` all is put once, then `synced` for each kind that is listed.
 * With it, a change is taken when two readings 50 ms apart agree; a file or
 * folder that cannot be read or is no YAML keeps its last good objects.  When a
 * path that was given cannot be read there is `trouble` for all kinds, and
 * `synced` waits until it can (without `watch`: it never comes).
 * output() answers NULL once for each output that is followed.
 * Owns: the caller; bnc_source_free() before its world.
 */
struct bnc_source *
bnc_source_dir_new(struct bnc_world *world, const struct bnc_source_dir_options *options);

/* After the writes asked for so far: remove files of earlier runs that none renewed. */
void bnc_source_dir_sweep(struct bnc_source *source);

struct bnc_source_dir_counts bnc_source_dir_counts(const struct bnc_source *source);

#endif
