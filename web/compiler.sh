# Chooses the compiler of build.sh and of page/build.sh, which run this at the root of the repository.
#
# It is rustup's, with the target wasm32-unknown-unknown, or Debian's, with the packages rustc-web, rust-web-src and lld:
# that one builds the standard library from source. POLYPHASE_WASM=debian chooses the latter.
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

target=wasm32-unknown-unknown
cargo=cargo
build_std=()
if [ "${POLYPHASE_WASM:-}" != debian ] && command -v rustup >/dev/null && rustup target add $target >/dev/null 2>&1; then
    rustc=rustc
elif [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    rustc=/usr/bin/rustc
    cargo=/usr/bin/cargo
    export RUSTC=$rustc RUSTC_BOOTSTRAP=1
    build_std=(-Zbuild-std=std,panic_abort)
    # Debian's rustc has no linker for wasm of its own.
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
else
    echo "no compiler for $target: rustup target add $target, or apt-get install rustc-web rust-web-src lld" >&2
    exit 1
fi
"$rustc" --version

# The tool and the library must be of one version.
version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock)
if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $version" ]; then
    # With the dependencies that it was published with, or, where an index lacks some of those, with newer or older ones.
    (unset RUSTC RUSTC_BOOTSTRAP
        cargo install --locked --quiet wasm-bindgen-cli --version "=$version" ||
            cargo install --quiet wasm-bindgen-cli --version "=$version")
fi

# build PACKAGE [OPTION…]: compiles a package to target/wasm32-unknown-unknown/web.
build() {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS='-C target-feature=+simd128' "$cargo" build --locked --quiet \
        --profile web --target $target "${build_std[@]}" -p "$@"
}

# bind NAME FOLDER FILE: writes the wasm file of a crate and its JavaScript.
bind() {
    wasm-bindgen --target web --no-typescript --remove-name-section --remove-producers-section \
        --out-name "$1" --out-dir "$2" "${CARGO_TARGET_DIR:-target}/$target/web/$3.wasm"
}
