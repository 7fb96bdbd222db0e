#!/bin/sh
# Starts a stack from a backup that compose/backup.sh made: compose/restore.sh FOLDER
# It needs empty volumes: it stops at the first file or table that already exists, and overwrites nothing.
set -eu
folder=${1:?name the folder of the backup: compose/restore.sh FOLDER}
cd "$(dirname "$0")/.."
docker compose up --detach --wait postgres
for database in prefect mlflow mlflow_auth; do
  docker compose exec -T postgres pg_restore --username postgres --dbname "$database" --single-transaction \
    --exit-on-error < "$folder/$database.dump"
done
docker compose run --rm --no-deps -T mlflow tar -C /artifacts -x --keep-old-files < "$folder/artifacts.tar"
docker compose run --rm --no-deps -T worker tar -C /data -x --keep-old-files < "$folder/data.tar"
docker compose up --detach
