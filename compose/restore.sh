#!/bin/sh
# Starts a stack from a backup that compose/backup.sh made: compose/restore.sh FOLDER
# It needs empty volumes: it stops at the first file or table that already exists, and overwrites nothing. Only the
# inbox may be a folder of the host with files in it; these stay as they are.
set -eu
folder=$(cd "${1:?name the folder of the backup: compose/restore.sh FOLDER}" && pwd)
cd "$(dirname "$0")/.."
docker compose run --rm -T databases
for database in prefect mlflow mlflow_auth; do
  docker compose exec -T postgres pg_restore --username postgres --dbname "$database" --single-transaction \
    --exit-on-error < "$folder/$database.dump"
done
docker compose run --rm --no-deps -T mlflow tar -C /artifacts -x --keep-old-files < "$folder/artifacts.tar"
docker compose run --rm --no-deps -T worker tar -C /data -x --keep-old-files --exclude ./inbox < "$folder/data.tar"
inbox=0
docker compose run --rm --no-deps -T worker tar -C /data -x --skip-old-files ./inbox < "$folder/data.tar" || inbox=1
docker compose up --detach
[ $inbox = 0 ] || echo "everything was restored, except for the files of the inbox that are named above." >&2
exit $inbox
