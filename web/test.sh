#!/usr/bin/env bash
# Tests the npm package and the page that build.sh and page/build.sh have made: types, Node, Chromium, and the files to
# publish.
set -euo pipefail
cd "$(dirname "$0")"

[ -f pkg/index.js ] || { echo "web/build.sh comes first" >&2; exit 1; }
[ -f page/dist/index.html ] || { echo "web/page/build.sh comes first" >&2; exit 1; }
npm ci
npx tsc
node --test test/*.test.js page/test/*.test.js
(cd pkg && npm pack --dry-run)
