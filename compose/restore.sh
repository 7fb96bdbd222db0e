#!/bin/sh
# Brings a stack up from what compose/backup.sh saved: compose/restore.sh FOLDER
# Only into empty volumes: it stops at the first thing that is there already, and overwrites nothing.
set -eu
folder=${1:?say where from: compose/restore.sh FOLDER}
cd "$(dirname "$0")/.."
docker compose up --detach --wait postgres
for database in prefect mlflow mlflow_auth; do
  docker compose exec -T postgres pg_restore --username postgres --dbname "$database" --single-transaction \
    --exit-on-error < "$folder/$database.dump"
done
docker compose run --rm --no-deps -T mlflow tar -C /artifacts -x --keep-old-files < "$folder/artifacts.tar"
docker compose run --rm --no-deps -T worker tar -C /data -x --keep-old-files < "$folder/data.tar"
docker compose up --detach
