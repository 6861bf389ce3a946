#!/usr/bin/env bash
# Tests the npm package that build.sh has made: types, Node, Chromium, and the files to publish.
set -euo pipefail
cd "$(dirname "$0")"

[ -f pkg/index.js ] || { echo "web/build.sh comes first" >&2; exit 1; }
npm ci
npx tsc
node --test test/*.test.js
(cd pkg && npm pack --dry-run)
