#!/bin/sh
# Makes a folder with new secrets, and never replaces one: compose/secrets.sh [FOLDER]
# Nobody but its owner can enter the folder. Inside, everyone may read: each container has a user of its own.
set -eu
[ $# -gt 0 ] || cd "$(dirname "$0")/.."
folder=${1:-secrets}
if [ -e "$folder" ]; then
  echo "$folder is there already and stays as it is: move it away if you want new secrets." >&2
  exit 2
fi
new=$folder.new
rm -rf "$new"
(umask 077 && mkdir "$new")
for name in postgres_password prefect_db_password mlflow_db_password prefect_log_in mlflow_password mlflow_secret_key; do
  secret=$(openssl rand -hex 24)
  case $name in prefect_log_in) secret=admin:$secret ;; esac
  echo "$secret" > "$new/$name"
done
chmod 444 "$new"/*
mv "$new" "$folder"
