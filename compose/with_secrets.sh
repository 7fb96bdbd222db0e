#!/bin/sh
# Runs a command with secrets from files, as the image of PostgreSQL does: NAME_FILE=/run/secrets/a sets NAME.
set -eu
for setting in $(env | grep '^[A-Z_]*_FILE=/run/secrets/'); do
  file=${setting#*=}
  if ! [ -r "$file" ] || ! [ -s "$file" ]; then
    echo "eightytwenty: the secret $(basename "$file") is empty or cannot be read: see docs/compose.md, First start." >&2
    exit 2
  fi
  export "${setting%%_FILE=*}=$(cat "$file")"
  unset "${setting%%=*}"
done
exec "$@"
