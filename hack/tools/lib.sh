# shellcheck shell=bash disable=SC2034
# What hack/tools/build and hack/tools/path share: which parts there are, where each one's
# binaries are kept, and whether they are there.  Sourced, never run.

tools_src=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools_cache=${BINNACLE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/binnacle/tools}
# What no case on real parts can do without, and what is built besides: cases that need one of those say
# so when it is not there.  The slow ones come last.
tools_needed=(etcd kubernetes prometheus statsd-exporter)
tools_default=("${tools_needed[@]}" jaeger istio)

# Flags of every build; they are part of a folder's name.
tools_flags=(-mod=readonly -buildvcs=false -p 2 -trimpath)

fail() {
    printf '%s: %s\n' "hack/tools/${0##*/}" "$*" >&2
    exit 1
}

# The names of all parts, one a line.
tools_all() {
    local pin
    for pin in "$tools_src"/*/pin; do
        basename "${pin%/pin}"
    done
}

# tools_load PART: set part, version, binaries, ldflags, tags and dir (where its binaries are kept).
tools_load() {
    part=$1
    [[ $part != */* && -f $tools_src/$part/pin ]] ||
        fail "there is no part \"$part\"; there are: $(tools_all | paste -sd' ')"
    version='' binaries=() ldflags='' tags=''
    # shellcheck source=/dev/null
    source "$tools_src/$part/pin"
    ldflags="-s -w $ldflags"
    local sum
    sum=$({
        cat "$tools_src/$part/"go.{mod,sum}
        printf '%s\n' "${binaries[*]}" "$ldflags" "$tags" "${tools_flags[*]}" "$HOSTTYPE"
    } | sha256sum)
    dir=$tools_cache/$part-$version-${sum:0:12}
}

# True when KUBEBUILDER_ASSETS stands in for the loaded part.  kube-controller-manager is not in it as
# a rule, and is not asked for: hack/control-plane tells what goes without it.
tools_given() {
    local assets=${KUBEBUILDER_ASSETS:-}
    [[ -n $assets ]] || return 1
    case $part in
    etcd) [[ -x $assets/etcd ]] ;;
    kubernetes) [[ -x $assets/kube-apiserver && -x $assets/kubectl ]] ;;
    *) return 1 ;;
    esac
}
