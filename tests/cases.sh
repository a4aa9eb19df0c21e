#!/usr/bin/env bash
# Run each case: a folder with an input as users have it and a run.sh that exits 0 where
# reseau (named by RESEAU) behaves as it should. Two at a time; what fails is shown whole.
set -uo pipefail
folder="${1:?the folder of the cases}"
if [ ! -d "$folder" ]; then
  echo "skipped: no cases at hand, $folder does not exist"
  exit 0
fi
logs="$(mktemp -d)"
trap 'rm -rf "$logs"' EXIT
export logs
one() {
  name="$(basename "$1")"
  if bash "$1/run.sh" >"$logs/$name.log" 2>&1; then
    echo "ok      $name"
  else
    echo "FAILED  $name"
    sed 's/^/    /' "$logs/$name.log"
    touch "$logs/failed"
  fi
}
export -f one
find "$folder" -mindepth 1 -maxdepth 1 -type d | sort | xargs -P 2 -I{} bash -c 'one {}'
[ ! -e "$logs/failed" ]
