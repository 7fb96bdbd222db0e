#!/bin/sh
# Saves the databases, the artifacts and the data folder of the running stack: compose/backup.sh NEW_FOLDER
# The databases come first, so that every file that their rows mention is saved as well.
set -eu
folder=${1:?name a new folder: compose/backup.sh NEW_FOLDER}
if [ -e "$folder" ]; then
  echo "$folder is there already: name a new folder." >&2
  exit 2
fi
new=$folder.new  # a backup that was interrupted must not look like a whole one
rm -rf "$new"
(umask 077 && mkdir -p "$new")
new=$(cd "$new" && pwd)
cd "$(dirname "$0")/.."
for database in prefect mlflow mlflow_auth; do
  docker compose exec -T postgres pg_dump --username postgres --format custom "$database" > "$new/$database.dump"
done
# tar ends with 1 if a file grew while it was read: a run was writing its log or its lock
docker compose run --rm --no-deps -T mlflow tar -C /artifacts -c . > "$new/artifacts.tar" || [ $? = 1 ]
docker compose run --rm --no-deps -T worker tar -C /data -c . > "$new/data.tar" || [ $? = 1 ]
mv "$new" "${new%.new}"
