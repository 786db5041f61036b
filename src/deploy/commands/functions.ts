/**
 * What the scripts share, in POSIX's shell: how a resource is found, made, waited for and deleted.
 * Values that AWS makes are kept in the file `state`, as variables `id_…`.
 */

export const SHELL_FUNCTIONS = String.raw`
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
state=$here/state
# Seconds between two looks at what takes time, and how often one looks.
pause=${'${PAUSE:-10}'}
tries=${'${TRIES:-90}'}
export AWS_PAGER=''
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
touch "$state"
. "$state"
tab=$(printf '\t')
absent='NotFound|NoSuch|does not exist|Unable to describe task definition|is not attached'
done='InvalidPermission.Duplicate|InstanceSessionsPerInstanceProfile'
busy='Dependency|InUse|In Use|InProgress|Conflict|Throttl|ClusterContains|IncorrectState|InvalidState'
# Version 2 of the AWS CLI takes bytes of an input as base64 unless it is told otherwise.
case $(aws --version 2>&1) in
  aws-cli/1.*) bytes='' ;;
  *) bytes='--cli-binary-format raw-in-base64-out' ;;
esac

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# NAME VALUE: keeps a value.
remember() {
  case $2 in *[!A-Za-z0-9_./:@*=+,-]*) fail "$1: AWS answered an unlikely value: $2" ;; esac
  eval "id_$1=\$2"
  { grep -v "^id_$1=" "$state" || :; printf "id_%s='%s'\n" "$1" "$2"; } >"$work/state"
  cp "$work/state" "$state"
}

# WORDS: what a call prints, or nothing where there is no such thing.
found() {
  if aws "$@" --output text >"$work/found" 2>"$work/error"; then
    sed -n '/^None/d;/./{p;q;}' "$work/found"
  elif ! grep -Eq "$absent" "$work/error"; then
    cat "$work/error" >&2
    return 1
  fi
}

# FILE: an input with the values in it.
fill() {
  awk -v state="$state" '
    BEGIN {
      while ((getline line < state) > 0) {
        i = index(line, "=")
        value = substr(line, i + 1)
        gsub(/\047/, "", value)
        known["@{" substr(line, 4, i - 4) "}"] = value
      }
    }
    {
      out = ""
      rest = $0
      while (match(rest, /@[{][A-Za-z0-9_]+[}]/)) {
        token = substr(rest, RSTART, RLENGTH)
        if (!(token in known)) {
          print FILENAME ": there is no value of " token > "/dev/stderr"
          exit 1
        }
        out = out substr(rest, 1, RSTART - 1) known[token]
        rest = substr(rest, RSTART + RLENGTH)
      }
      print out rest
    }' "$here/input/$1.json" >"$work/$1.json"
}

# FILE WORDS: a call with an input.
call() {
  file=$1
  shift
  fill "$file"
  # shellcheck disable=SC2086 # two words or none
  if ! aws "$@" --cli-input-json "file://$work/$file.json" $bytes --output text 2>"$work/error"; then
    grep -Eq "$done" "$work/error" || { cat "$work/error" >&2; return 1; }
  fi
}

# VALUE WORDS: waits until a call prints the value.
until_is() {
  wanted=$1
  shift
  n=0
  while :; do
    is=$(found "$@")
    case $is in "$wanted") return 0 ;; FAIL* | *_FAILED | error) fail "$*: $is" ;; esac
    n=$((n + 1))
    [ "$n" -lt "$tries" ] || fail "$*: still $is, not $wanted"
    sleep "$pause"
  done
}

# ID: reads the values of a resource; $values is empty where it is not there.
locate() {
  values=$("find_$1")
  [ -n "$values" ] || return 0
  rest=$values$tab
  eval "keys=\$values_$1"
  for key in $keys; do
    remember "$key" "${'${rest%%"$tab"*}'}"
    rest=${'${rest#*"$tab"}'}
  done
}

# ID: what its inputs are now.
summarize() {
  eval "files=\$inputs_$1"
  : >"$work/sum"
  for file in $files; do
    fill "$file"
    cat "$work/$file.json" >>"$work/sum"
  done
  sum=$(cksum <"$work/sum" | tr -d ' \t')
}

# ID WHY: makes a resource, or uses the one that is there.
create() {
  say "$1: $2"
  locate "$1"
  if [ -z "$values" ]; then
    "make_$1"
    n=0
    locate "$1"
    while [ -z "$values" ]; do
      n=$((n + 1))
      [ "$n" -lt "$tries" ] || fail "$1 was made, and is not found"
      sleep "$pause"
      locate "$1"
    done
    "ready_$1"
    "configure_$1"
    locate "$1"
    say "  made: $values"
  else
    summarize "$1"
    eval "before=\${id_sum_$1:-}"
    if [ "$sum" = "$before" ]; then
      say "  is there: $values"
      return 0
    fi
    "change_$1"
    locate "$1"
  fi
  summarize "$1"
  remember "sum_$1" "$sum"
}

# NAME...: are these values known?
known() {
  for key in "$@"; do
    eval "value=\${id_$key:-}"
    [ -n "$value" ] || return 1
  done
}

# ID NAME...: reads a resource that may be there, which needs these values.
look() {
  id=$1
  shift
  if known "$@"; then locate "$id"; else values=''; fi
}

# ID NAME...: deletes a resource, which needs these values, and waits until it is gone.
destroy() {
  look "$@"
  id=$1
  if [ -z "$values" ]; then
    say "$id: is not there"
    return 0
  fi
  say "$id: deleting $values"
  n=0
  while [ -n "$values" ]; do
    before=$values
    n=$((n + 1))
    [ "$n" -le "$tries" ] || fail "$id is still there: $values: $(cat "$work/error")"
    "remove_$id"
    locate "$id"
    [ "$values" != "$before" ] || sleep "$pause"
  done
}

# ID NAME...: says that a resource stays.
keep() {
  look "$@"
  id=$1
  if [ -n "$values" ]; then
    say "$id: kept: $values"
    kept="$kept $id"
  fi
}

# WORDS: a call that deletes; what is gone or still used is looked at again.
drop() {
  if ! aws "$@" >/dev/null 2>"$work/error"; then
    grep -Eq "$absent|$busy" "$work/error" || { cat "$work/error" >&2; exit 1; }
  fi
}

# NAME WORDS: a value of the account, asked for once.
ask() {
  name=$1
  shift
  if known "$name"; then return 0; fi
  value=$(found "$@")
  [ -n "$value" ] || fail "aws $*: no answer"
  remember "$name" "$value"
}
`;
