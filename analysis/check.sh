#!/bin/sh
# Runs ProVerif on every model, scenario and broken variant, and compares the results with expected.txt. Also asked, of each:
# every command of a variant changes something; a broken variant makes false what was true; a model leaves nothing open.
# Exit status: 0 all as expected, 1 not, 77 left out, since there is no ProVerif.
#
#   analysis/check.sh            everything
#   analysis/check.sh NAME...    these only (peer-session, broken/peer-session.psk-only)
#   analysis/check.sh --list     the names
#   analysis/check.sh --text NAME    the text that ProVerif is given; to read an attack:
#                                    analysis/check.sh --text NAME > x.pv; proverif -lib analysis/primitives.pvl x.pv
#   analysis/check.sh --print    what expected.txt should hold; to be read before it is kept
#
# PROVERIF: the program (proverif, on the PATH). JOBS: how many at a time (2). LIMIT: seconds for each (240).
set -u
cd "$(dirname "$0")" || exit 1
PROVERIF=${PROVERIF:-proverif} JOBS=${JOBS:-2} LIMIT=${LIMIT:-240}
export PROVERIF LIMIT

names() {
  for model in *.pv; do
    echo "${model%.pv}"
    for variant in scenarios/"${model%.pv}".*.sed broken/"${model%.pv}".*.sed; do
      if [ -f "$variant" ]; then echo "${variant%.sed}"; fi
    done
  done
}

# What a variant is made from: the scenario that it names, or its model.
parent() {
  on=$(sed -n 's/^# on: //p' "$1.sed")
  if [ -n "$on" ]; then echo "$on"; else basename "$1" | sed 's/\..*//'; fi
}

# The text of a model or variant. Fails when a command of a variant changes nothing.
text() {
  case $1 in
    */*) was=$(text "$(parent "$1")") || return 1
         while IFS= read -r command; do
           case $command in '#'*|'') continue ;; esac
           now=$(printf '%s\n' "$was" | sed -e "$command") || return 1
           if [ "$now" = "$was" ]; then echo "$1: changes nothing: $command" >&2; return 1; fi
           was=$now
         done < "$1.sed"
         printf '%s\n' "$was" ;;
    *)   cat "$1.pv" ;;
  esac
}

# The name, then the results without ProVerif's numbers of variables.
run() {
  file=$2/$(echo "$1" | tr / -) start=$(date +%s)
  if text "$1" > "$file.pv" 2> "$file.log"; then
    timeout "$LIMIT" "$PROVERIF" -lib primitives.pvl "$file.pv" > "$file.log" 2>&1; status=$?
  else
    status=1
  fi
  { echo "== $1"
    sed -n 's/^RESULT //p' "$file.log" | sed -e 's/\([A-Za-z][A-Za-z0-9]*\)_[0-9][0-9]*/\1/g' -e 's/\[\]//g'
    if [ $status -eq 124 ]; then echo "not done in $LIMIT s"
    elif [ $status -ne 0 ]; then echo "failed: $(grep -v '^$' "$file.log" | tail -n 1)"
    fi
  } > "$file.block"
  echo "$1: $(($(date +%s) - start)) s" >&2
}

block() { awk -v n="== $1" '/^== /{on = ($0 == n); next} on' "$2"; }

# What each kind has to show, whatever expected.txt says.
judge() {
  case $1 in
    broken/*)
      block "$(parent "$1")" expected.txt | grep 'is true\.$' | sed 's/ is true\.$//' > "$2/true"
      block "$1" "$3" | grep '^[^(].* is false\.$' | sed 's/ is false\.$//' > "$2/false"
      grep -qxFf "$2/true" "$2/false" || { echo "$1: no attack was found"; return 1; } ;;
    scenarios/*) ;;
    *)
      if block "$1" "$3" | grep 'cannot be proved'; then echo "$1: left open"; return 1; fi
      block "$1" "$3" | grep -q 'is false\.$' || { echo "$1: nothing is reached"; return 1; } ;;
  esac
}

case ${1:-} in
  --list) names; exit 0 ;;
  --text) text "$2"; exit ;;
  --run) run "$2" "$3"; exit 0 ;;
  --print) print=1; shift ;;
  *) print=0 ;;
esac
if ! command -v "$PROVERIF" > /dev/null; then
  echo "analysis: LEFT OUT: no $PROVERIF on the PATH (https://proverif.inria.fr; it is no Debian package)"
  exit 77
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
if [ $# -gt 0 ]; then printf '%s\n' "$@"; else names; fi > "$dir/names"
xargs -P "$JOBS" -I{} ./check.sh --run {} "$dir" < "$dir/names"
while read -r name; do cat "$dir/$(echo "$name" | tr / -).block"; done < "$dir/names" > "$dir/actual"
if [ $print -eq 1 ]; then cat "$dir/actual"; exit 0; fi
if [ $# -gt 0 ]; then
  while read -r name; do echo "== $name"; block "$name" expected.txt; done < "$dir/names" > "$dir/expected"
else
  cp expected.txt "$dir/expected"
fi
failed=0
diff -u "$dir/expected" "$dir/actual" || failed=1
while read -r name; do judge "$name" "$dir" "$dir/actual" || failed=1; done < "$dir/names"
if [ $failed -ne 0 ]; then echo "analysis: NOT as expected"; exit 1; fi
echo "analysis: as expected: $(wc -l < "$dir/names") runs"
