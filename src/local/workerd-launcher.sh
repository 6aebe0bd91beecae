#!/bin/sh
# Starts workerd in place of itself, with as many file descriptors as it may have (two are needed per socket), and
# leaves its process id where the stack looks for it. miniflare runs this by MINIFLARE_WORKERD_PATH.
ulimit -n 131072 2>/dev/null || ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)" 2>/dev/null || true
if [ -n "$KABAR_WORKERD_PID_FILE" ]; then
  echo "$$" >"$KABAR_WORKERD_PID_FILE"
fi
exec "$KABAR_WORKERD_BINARY" "$@"
