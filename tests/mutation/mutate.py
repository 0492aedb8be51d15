"""Small mutants of C code: where one can be made, and how."""

import collections
import re

Mutant = collections.namedtuple("Mutant", "path line what text")  # text: the new line

FLIPS = [(" == ", " != "), (" != ", " == "), (" <= ", " < "), (" >= ", " > "),
         (" < ", " <= "), (" > ", " >= "), (" && ", " || "), (" || ", " && "),
         (" + ", " - "), ("++;", "--;"), ("return true;", "return false;"),
         ("return false;", "return true;")]
NUMBER = re.compile(r"(?<![\w.\"'])(\d{1,6})(?![\w.\"'xX])")
CALL = re.compile(r"^\s+(\(void\))?[a-z]\w*\(.*\);$")
ASSIGN = re.compile(r"^\s+[a-z]\w*((->|\.)\w+|\[[^]]*\])* [|+-]?= .*;$")
BRANCH = re.compile(r"^(\s+(?:\} else )?if )\((.*)\) \{$")
RETURN = re.compile(r"^\s+(break|continue);$")
# What only frees memory, tells a log or keeps the compiler quiet is seen by no test.
SILENT = re.compile(r"_free\(|\bfree\(|BNC_UNUSED|BNC_LOG|_log\(|assert|bnc_alloc|qsort\(|"
                    r"bnc_arena_(array|alloc)|BNC_AUTO|bnc_str_new|static |#|_MAX\b")


def strip(line):
    """The line with its texts and comments blanked, as long as it was."""
    out = re.sub(r'"(\\.|[^"\\])*"', lambda m: '"' + "_" * (len(m[0]) - 2) + '"', line)
    out = re.sub(r"'(\\.|[^'\\])'", lambda m: "'" + "_" * (len(m[0]) - 2) + "'", out)
    return re.sub(r"/\*.*?\*/", lambda m: " " * len(m[0]), out)


def of_line(path, number, line):
    """All mutants of one line of a function."""
    bare = strip(line)
    if SILENT.search(bare):
        return
    for old, new in FLIPS:
        at = bare.find(old)
        while at >= 0:
            yield Mutant(path, number, f"{old.strip()} to {new.strip()}",
                         line[:at] + new + line[at + len(old):])
            at = bare.find(old, at + 1)
    for found in NUMBER.finditer(bare):
        value = int(found[1])
        for more in (1, -1) if value > 0 else (1,):
            yield Mutant(path, number, f"{value} to {value + more}",
                         line[:found.start()] + str(value + more) + line[found.end():])
    if CALL.match(bare) or ASSIGN.match(bare) or RETURN.match(bare):
        yield Mutant(path, number, "left out", "    ;")
    branch = BRANCH.match(bare)
    if branch and bare.count("(") == bare.count(")"):
        start, end = branch.start(2), branch.end(2)
        for way in ("false &&", "true ||"):
            yield Mutant(path, number, f"if {way}",
                         f"{line[:start]}{way} ({line[start:end]}){line[end:]}")


def of_file(path, text):
    """All mutants of a file: lines of functions (indented, not of a table or comment)."""
    comment = False
    function = False
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            function = True
        elif line.startswith("}"):
            function = False
        stripped = line.strip()
        if stripped.startswith("/*"):
            comment = True
        if function and not comment and line.startswith("    "):
            yield from of_line(path, number, line)
        if "*/" in stripped:
            comment = False


def apply(text, mutant):
    lines = text.split("\n")
    lines[mutant.line - 1] = mutant.text
    return "\n".join(lines)
