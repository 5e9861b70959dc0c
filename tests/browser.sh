#!/bin/sh
# The web view in a real browser, over the demo's data, then over bad inputs. Writes a screenshot to $SCREENSHOT.
# Without a browser it says so loudly and passes; CI has one and may not skip.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
binary=${LOGATLAS:-$target/debug/logatlas}
case $binary in /*) ;; *) binary=$PWD/$binary ;; esac
find_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome || true
}
CHROMIUM=${CHROMIUM:-$(find_browser)}
if [ -z "$CHROMIUM" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Chromium"
    apt-get update -qq && apt-get install -y -qq chromium >/dev/null
    CHROMIUM=$(find_browser)
fi
if [ -z "$CHROMIUM" ]; then
    echo "SKIPPED: the browser tests; no Chromium here" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi
work=$(mktemp -d)
log=$work/demo.log
"$binary" demo --listen 127.0.0.1:0 --dir "$work/demo" >"$log" 2>&1 &
demo=$!
trap 'kill -INT "$demo" 2>/dev/null; wait "$demo" 2>/dev/null; rm -rf "$work"' EXIT
tries=0
until link=$(grep -o 'http://127[^ ]*#secret=[^ ]*' "$log"); do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ] || ! kill -0 "$demo" 2>/dev/null; then
        echo "the demo does not start:" >&2
        cat "$log" >&2
        exit 1
    fi
    sleep 0.2
done
# The stand-in for the pager hears of Germany before the page is looked at.
tries=0
until grep -q 'triggered *5xx rate DE' "$log"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ]; then
        echo "no page for Germany:" >&2
        cat "$log" >&2
        exit 1
    fi
    sleep 0.2
done
SCREENSHOT=${SCREENSHOT:-$target/screens/map.png}
mkdir -p "$(dirname "$SCREENSHOT")"
export CHROMIUM SCREENSHOT LOGATLAS_URL="$link"
(case $SCREENSHOT in /*) ;; *) SCREENSHOT=$PWD/$SCREENSHOT ;; esac; export SCREENSHOT; cd web && node browser/run.mjs)
(cd web && LOGATLAS=$binary node browser/hostile.mjs)
