#!/bin/sh
# Saves the databases, the artifacts and the data folder of the running stack: compose/backup.sh NEW_FOLDER
# The databases come first, so that every file that their rows mention is saved as well.
set -eu
folder=${1:?name a new folder: compose/backup.sh NEW_FOLDER}
cd "$(dirname "$0")/.."
(umask 077 && mkdir "$folder")
for database in prefect mlflow mlflow_auth; do
  docker compose exec -T postgres pg_dump --username postgres --format custom "$database" > "$folder/$database.dump"
done
# tar ends with 1 if a file grew while it was read: a run was writing its log or its lock
docker compose run --rm --no-deps -T mlflow tar -C /artifacts -c . > "$folder/artifacts.tar" || [ $? = 1 ]
docker compose run --rm --no-deps -T worker tar -C /data -c . > "$folder/data.tar" || [ $? = 1 ]
