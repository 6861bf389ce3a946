#!/usr/bin/env bash
# Builds the page in web/page/dist, a folder for any static file server: python3 -m http.server -d web/page/dist
# web/build.sh comes first: the page contains the npm package.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -f web/pkg/gpu.js ] || { echo "web/build.sh comes first" >&2; exit 1; }
. web/compiler.sh

page=web/page dist=web/page/dist
rm -rf $dist
mkdir -p $dist
cp $page/index.html $page/style.css $page/*.js $dist
cp -r web/pkg $dist/pkg
build polyphase-page
bind polyphase_page $dist/decode polyphase_page
printf '%s: %d bytes gzipped\n' $dist/decode/polyphase_page_bg.wasm "$(gzip -9c $dist/decode/*.wasm | wc -c)"
