#!/bin/sh
# Waits for the end of the process that holds the other end of standard input. If it ended without stopping its parts
# (killed, crashed), their pid files are still there and this stops them. Arguments: data folder, that process's id.
cat >/dev/null
owner=$(head -n 1 "$1/lock" 2>/dev/null)
[ "$owner" = "$2" ] || exit 0
for part in workerd:KILL redis:TERM postgres:INT; do
  file="$1/run/${part%%:*}.pid"
  if [ -f "$file" ]; then
    kill -s "${part##*:}" "$(head -n 1 "$file")" 2>/dev/null
    rm -f "$file"
  fi
done
rm -f "$1/lock"
