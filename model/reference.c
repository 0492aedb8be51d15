#include "model/reference.h"

#include <assert.h>
#include <strings.h>

#include "model/kind.h"

#define SECTIONS_MAX 32 /* tables with a section of their own */

/* Tables that are used in several places, or as items, get a section of their own. */
struct page {
    struct bnc_str *out;
    const struct bnc_table *sections[SECTIONS_MAX];
    size_t n_sections;
};

static const char *const type_names[] = {
    [BNC_FIELD_TEXT] = "text",
    [BNC_FIELD_BOOL] = "true or false",
    [BNC_FIELD_INT] = "whole number",
    [BNC_FIELD_DURATION] = "duration",
    [BNC_FIELD_SIZE] = "size",
    [BNC_FIELD_REGEX] = "regular expression",
    [BNC_FIELD_ENUM] = "one of",
    [BNC_FIELD_PORT] = "port name or number",
    [BNC_FIELD_NUMBER] = "number",
    [BNC_FIELD_EXPR] = "text or number",
    [BNC_FIELD_PERCENT] = "percentage",
    [BNC_FIELD_TEXTS] = "list of text",
    [BNC_FIELD_REGEXES] = "list of regular expressions",
    [BNC_FIELD_MAP] = "map of text",
    [BNC_FIELD_REGEX_MAP] = "map of regular expressions",
    [BNC_FIELD_MULTIMAP] = "map of lists of text",
    [BNC_FIELD_SELECTOR] = "label selector",
    [BNC_FIELD_OBJECT] = "object",
    [BNC_FIELD_INLINE] = "object",
    [BNC_FIELD_LIST] = "list of",
    [BNC_FIELD_RAW_OBJECT] = "any object",
    [BNC_FIELD_RAW] = "any value",
};
static_assert(BNC_LEN(type_names) == BNC_FIELD_TYPE_COUNT, "every type needs a name");

static size_t
count_uses(const struct bnc_table *in, const struct bnc_table *table)
{
    size_t n = 0;
    for (size_t i = 0; i < in->n_fields; i++) {
        if (in->fields[i].sub != NULL) {
            n += in->fields[i].sub == table ? 1 : 0;
            n += in->fields[i].type == BNC_FIELD_LIST && in->fields[i].sub == table;
            n += count_uses(in->fields[i].sub, table);
        }
    }
    return n;
}

static bool
is_section(const struct page *page, const struct bnc_table *table)
{
    for (size_t i = 0; i < page->n_sections; i++) {
        if (page->sections[i] == table) {
            return true;
        }
    }
    return false;
}

/* In the order in which a reader meets them. */
static void
find_sections(struct page *page, const struct bnc_table *root,
              const struct bnc_table *table)
{
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct bnc_table *sub = table->fields[i].sub;
        if (sub == NULL || is_section(page, sub)) {
            continue;
        }
        if (count_uses(root, sub) > 1 && page->n_sections < SECTIONS_MAX) {
            page->sections[page->n_sections++] = sub;
        }
        find_sections(page, root, sub);
    }
}

/* Text in a cell of a table: a bar would end it. */
static void
add_cell(struct bnc_str *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '|' || *p == '<' || *p == '*') {
            bnc_str_putc(out, '\\');
        }
        bnc_str_putc(out, *p);
    }
}

/* Without those that differ in case only. */
static void
add_values(struct bnc_str *out, const char *const *values)
{
    bool first = true;
    for (size_t i = 0; values[i] != NULL; i++) {
        bool repeated = false;
        for (size_t j = 0; j < i; j++) {
            repeated = repeated || strcasecmp(values[i], values[j]) == 0;
        }
        if (!repeated) {
            bnc_str_fmt(out, "%s`%s`", first ? "" : ", ", values[i]);
            first = false;
        }
    }
}

static void
add_link(struct bnc_str *out, const struct bnc_table *table)
{
    bnc_str_fmt(out, "[%s](#", table->name);
    for (const char *p = table->name; *p != '\0'; p++) {
        bnc_str_putc(out, (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p));
    }
    bnc_str_puts(out, ")");
}

static void
add_type(const struct page *page, const struct bnc_field *field)
{
    struct bnc_str *out = page->out;
    bool linked = field->sub != NULL && is_section(page, field->sub);
    if (field->type == BNC_FIELD_LIST) {
        bnc_str_puts(out, "list of ");
    }
    if (linked) {
        add_link(out, field->sub);
        return;
    }
    bnc_str_puts(out,
                 field->type == BNC_FIELD_LIST ? "objects" : type_names[field->type]);
    if (field->values != NULL) {
        bnc_str_puts(out, field->type == BNC_FIELD_ENUM ? " " : ": ");
        add_values(out, field->values);
    }
    if (field->type == BNC_FIELD_INT && (field->min != 0 || field->max != 0)) {
        bnc_str_fmt(out, ", %lld to %lld", (long long)field->min, (long long)field->max);
    }
}

/* `prefix`: what stands before the field's name in the first column. */
static void
add_rows(const struct page *page, const struct bnc_table *table, const char *prefix)
{
    struct bnc_str *out = page->out;
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct bnc_field *field = &table->fields[i];
        bnc_str_fmt(out, "| `%s%s` | ", prefix, field->name);
        add_type(page, field);
        bnc_str_puts(out, " | ");
        if (field->required) {
            bnc_str_puts(out, "required");
        } else if (field->def != NULL) {
            bnc_str_fmt(out, "`%s`", field->def);
        }
        bnc_str_puts(out, " | ");
        add_cell(out, field->doc);
        bnc_str_puts(out, " |\n");
        if (field->sub != NULL && !is_section(page, field->sub)) {
            struct bnc_str below = bnc_str_new(NULL, 1024);
            bnc_str_fmt(&below, "%s%s%s.", prefix, field->name,
                        field->type == BNC_FIELD_LIST ? "[]" : "");
            add_rows(page, field->sub, below.ptr);
            bnc_str_free(&below);
        }
    }
}

static void
add_unions(struct bnc_str *out, const struct bnc_table *table)
{
    for (size_t i = 0; i < table->n_unions; i++) {
        const struct bnc_union *rule = &table->unions[i];
        bnc_str_puts(out, rule->required ? "\nExactly one of " : "\nAt most one of ");
        for (size_t j = 0; rule->names[j] != NULL; j++) {
            const char *between = j == 0                       ? ""
                                  : rule->names[j + 1] == NULL ? " and "
                                                               : ", ";
            bnc_str_fmt(out, "%s`%s`", between, rule->names[j]);
        }
        bnc_str_puts(out, rule->required ? " must be set.\n" : " may be set.\n");
    }
}

static void
add_table(const struct page *page, const struct bnc_table *table, const char *prefix)
{
    bnc_str_puts(page->out,
                 "\n| field | type | default | meaning |\n|---|---|---|---|\n");
    add_rows(page, table, prefix);
    add_unions(page->out, table);
}

static void
add_part(struct bnc_str *out, const struct bnc_table *table, const char *title,
         const char *prefix)
{
    struct page page = {.out = out};
    find_sections(&page, table, table);
    bnc_str_fmt(out, "\n## %s\n", title);
    add_table(&page, table, prefix);
    for (size_t i = 0; i < page.n_sections; i++) {
        bnc_str_fmt(out, "\n### %s\n", page.sections[i]->name);
        add_table(&page, page.sections[i], "");
    }
}

void
bnc_reference_write(const struct bnc_kind_doc *doc, struct bnc_str *out)
{
    const struct bnc_kind_info *info = bnc_kind_info((enum bnc_kind)doc->kind);
    bnc_str_fmt(out, "# %s\n\n", info->name);
    bnc_str_fmt(out, "%s\n\n", doc->doc);
    bnc_str_fmt(
        out, "`apiVersion: %s/%s`, `kind: %s`; short name `%s`, category `binnacle`.\n",
        info->group, info->version, info->name, doc->short_name);
    bnc_str_puts(
        out, "Generated from the field tables in `model/`: `make crds` writes it anew.\n"
             "\nFields without a default may be left out; the meaning says what holds "
             "then. Durations and\nsizes are written as in Prometheus (`30s`, `1h30m`, "
             "`5MB`), regular expressions in RE2's\ndialect, matching the whole text. "
             "References name an object in the same namespace.\n");
    add_part(out, doc->spec, "Spec", "spec.");
    add_part(out, doc->status, "Status", "status.");
    bnc_str_puts(out, "\n## Columns of kubectl get\n\n");
    for (size_t i = 0; i < doc->n_columns; i++) {
        bnc_str_fmt(out, "- `%s`: `%s`%s\n", doc->columns[i].name, doc->columns[i].path,
                    doc->columns[i].wide ? ", with `-o wide`" : "");
    }
}

const char *
bnc_reference_file(const struct bnc_kind_doc *doc, struct bnc_arena *arena)
{
    return bnc_arena_fmt(arena, "%s.md", doc->singular);
}
