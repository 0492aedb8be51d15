#include "lib/regex_re2.h"

#include <re2/re2.h>

#include <cstring>
#include <new>
#include <string>
#include <vector>

struct bnc_regex {
    re2::RE2 re;

    bnc_regex(const re2::StringPiece &pattern, const re2::RE2::Options &options)
        : re(pattern, options)
    {
    }
};

static enum bnc_re2_problem
problem_of(re2::RE2::ErrorCode code)
{
    switch (code) {
    case re2::RE2::NoError:
        return BNC_RE2_OK;
    case re2::RE2::ErrorBadEscape:
        return BNC_RE2_ESCAPE;
    case re2::RE2::ErrorBadCharClass:
        return BNC_RE2_CLASS;
    case re2::RE2::ErrorBadCharRange:
        return BNC_RE2_RANGE;
    case re2::RE2::ErrorMissingBracket:
        return BNC_RE2_BRACKET;
    case re2::RE2::ErrorMissingParen:
        return BNC_RE2_OPEN_PAREN;
    case re2::RE2::ErrorUnexpectedParen:
        return BNC_RE2_CLOSE_PAREN;
    case re2::RE2::ErrorTrailingBackslash:
        return BNC_RE2_BACKSLASH;
    case re2::RE2::ErrorRepeatArgument:
        return BNC_RE2_NOTHING_TO_REPEAT;
    case re2::RE2::ErrorRepeatSize:
        return BNC_RE2_REPEAT_SIZE;
    case re2::RE2::ErrorRepeatOp:
        return BNC_RE2_REPEAT_TWICE;
    case re2::RE2::ErrorBadPerlOp:
        return BNC_RE2_PERL;
    case re2::RE2::ErrorBadUTF8:
        return BNC_RE2_UTF8;
    case re2::RE2::ErrorBadNamedCapture:
        return BNC_RE2_GROUP_NAME;
    case re2::RE2::ErrorPatternTooLarge:
        return BNC_RE2_TOO_LARGE;
    case re2::RE2::ErrorInternal:
        break;
    }
    return BNC_RE2_OTHER;
}

/* No exception may leave: the only one is bad_alloc, and this comes before it. */
static void
no_memory()
{
    bnc_give_up("out of memory");
}

struct bnc_regex *
bnc_re2_new(const char *pattern, size_t n, int64_t max_memory,
            enum bnc_re2_problem *problem, char *part, size_t room) noexcept
{
    std::set_new_handler(no_memory);
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(max_memory);

    auto *regex = new bnc_regex(re2::StringPiece(pattern, n), options);
    if (regex->re.ok()) {
        return regex;
    }
    const std::string &arg = regex->re.error_arg();
    const size_t length = arg.size() < room ? arg.size() : room - 1;
    std::memcpy(part, arg.data(), length);
    part[length] = '\0';
    *problem = problem_of(regex->re.error_code());
    delete regex;
    return nullptr;
}

void
bnc_re2_free(struct bnc_regex *regex) noexcept
{
    delete regex;
}

bool
bnc_re2_match(const struct bnc_regex *regex, const char *text, size_t n,
              struct bnc_bytes *groups, size_t n_groups) noexcept
{
    const re2::StringPiece input(text, n);
    std::vector<re2::StringPiece> found(n_groups);
    if (!regex->re.Match(input, 0, n, re2::RE2::UNANCHORED, found.data(),
                         static_cast<int>(n_groups))) {
        return false;
    }
    for (size_t i = 0; i < n_groups; i++) {
        groups[i].ptr = found[i].data();
        groups[i].len = found[i].size();
    }
    return true;
}

size_t
bnc_re2_groups(const struct bnc_regex *regex) noexcept
{
    return static_cast<size_t>(regex->re.NumberOfCapturingGroups());
}

size_t
bnc_re2_size(const struct bnc_regex *regex) noexcept
{
    return static_cast<size_t>(regex->re.ProgramSize());
}

int
bnc_re2_group(const struct bnc_regex *regex, const char *name, size_t n,
              int from) noexcept
{
    const auto &names = regex->re.CapturingGroupNames(); /* by number, in order */
    for (auto at = names.lower_bound(from); at != names.end(); ++at) {
        if (at->second.size() == n && at->second.compare(0, n, name, n) == 0) {
            return at->first;
        }
    }
    return -1;
}

size_t
bnc_re2_word(const char *text, size_t n) noexcept
{
    std::set_new_handler(no_memory);
    static const re2::RE2 word("^[\\pL\\p{Nd}_]+");
    re2::StringPiece found;
    const re2::StringPiece input(text, n);
    return word.Match(input, 0, n, re2::RE2::UNANCHORED, &found, 1) ? found.size() : 0;
}
