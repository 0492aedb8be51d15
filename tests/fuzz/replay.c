/*
 * A fuzz target without libFuzzer: gives it every file that is named, or that a folder
 * has. So `make test` runs each corpus under the sanitizers with the compiler it has.
 *
 * usage: fuzz_NAME FILE|FOLDER…
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX ((size_t)16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t runs;

static void
fail(const char *what, const char *path)
{
    (void)fprintf(stderr, "replay: %s %s\n", what, path);
    exit(2);
}

/* A block of its own for each, exactly as long, so that a byte behind it is noticed. */
static void
run_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "re");
    uint8_t *data = malloc(size == 0 ? 1 : size);
    if (file == NULL || data == NULL || size > INPUT_MAX ||
        fread(data, 1, size, file) != size) {
        fail("cannot read", path);
    }
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    runs++;
}

static void
run_path(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        fail("nothing at", path);
    }
    if (!S_ISDIR(info.st_mode)) {
        run_file(path, (size_t)info.st_size);
        return;
    }
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char below[PATH_MAX];
        (void)snprintf(below, sizeof(below), "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.') {
            run_path(below);
        }
        free(names[i]);
    }
    free(names);
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        run_path(argv[i]);
    }
    if (runs == 0) {
        fail("no input in", argc > 1 ? argv[1] : "nothing");
    }
    (void)printf("%zu inputs\n", runs);
    return 0;
}
